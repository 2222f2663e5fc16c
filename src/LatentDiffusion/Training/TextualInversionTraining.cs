using System.ComponentModel.DataAnnotations;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Textual inversion (Gal et al. 2022): the embeddings of new tokens are trained, and every weight of the model stays as it is. Until it
/// is disposed, the parameters of the model need no gradients.
/// </summary>
public sealed class TextualInversionTraining : IDisposable
{
    private readonly ModelComponents _model;
    private readonly LearnedToken[] _tokens;
    private readonly int[] _vectors;
    private readonly ClipTowers _towers;
    private readonly TrainedEmbeddings[] _embeddings;
    private readonly nn.Module[] _networks;
    private readonly FrozenNetworks _frozen;
    private readonly List<ClipTextConditioning> _texts = [];

    /// <summary>Adds tokens to a model's text encoders and freezes the model.</summary>
    /// <param name="model">A Stable Diffusion model (1.x, 2.x, XL or its refiner); the caller's.</param>
    /// <param name="tokens">At least one token.</param>
    /// <exception cref="ValidationException">A property of a token is out of its range; the message names it.</exception>
    /// <exception cref="ArgumentException">
    /// Two tokens are the same, one has white space at its ends, or an initial text has no tokens.
    /// </exception>
    /// <exception cref="NotSupportedException">
    /// The model is of another family, or a network keeps its weights as its file stores them (<see cref="WeightStorage.AsStored"/>).
    /// </exception>
    /// <exception cref="InvalidDataException">The model has no text encoder, or its components contradict each other.</exception>
    public TextualInversionTraining(ModelComponents model, params IReadOnlyList<LearnedToken> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        if (tokens.Count == 0) throw new ArgumentException("At least one token is needed.", nameof(tokens));
        foreach (LearnedToken token in tokens) Check(token);
        ClipTowers towers = StableDiffusionTraining.Towers(model);
        _networks = [model.UNet, .. towers.All.Select(t => t.Network)];
        foreach (nn.Module network in _networks)
            if (StoredLayers.Any(network)) throw StoredMatrix.CannotBeTrained(network.GetType().Name);
        (_model, _tokens) = (model, [.. tokens]);
        // One number for both towers, which tokenize alike.
        _vectors = [.. tokens.Select(t => t.Vectors ?? Initial(towers.All[0].Tokenizer, t).Length)];
        int room = towers.MaxLength - 2;
        foreach ((LearnedToken token, int vectors) in _tokens.Zip(_vectors))
            if (vectors > room)
                throw new ArgumentException($"'{token.Token}' has {vectors} vectors, and a prompt has room for {room}.", nameof(tokens));
        var added = new AddedTokens([.. _tokens.Zip(_vectors, (token, vectors) => (token.Token, vectors))]);
        _embeddings = [.. towers.All.Select(Start)];
        _towers = towers.With(added, _embeddings);
        _frozen = new FrozenNetworks(_networks);
        Modules = NameTowers().Zip(_embeddings).ToDictionary(t => t.First, t => (nn.Module)t.Second);
    }

    /// <summary>The trained embeddings, by the component of their text encoder.</summary>
    public IReadOnlyDictionary<string, nn.Module> Modules { get; }

    /// <summary>The embeddings as they are now, for <see cref="ITextEncoder.WithTextualInversion"/> or a file.</summary>
    public IReadOnlyList<TextualInversion> Embeddings
    {
        get
        {
            string[] names = !_towers.IsPooled ? [TextualInversion.OnlyTower]
                : _embeddings.Length == 1 ? [TextualInversion.SecondTower]
                : [TextualInversion.FirstTower, TextualInversion.SecondTower];
            int first = 0;
            return [.. _tokens.Zip(_vectors, (token, vectors) => Read(token.Token, vectors))];

            TextualInversion Read(string token, int vectors)
            {
                int start = first;
                first += vectors;
                return new TextualInversion(token, names.Zip(_embeddings).ToDictionary(t => t.First, t => Rows(t.Second, start, vectors)));
            }
        }
    }

    /// <summary>Texts that contain the tokens, for a <see cref="DenoiserObjective"/>. Disposed with this.</summary>
    /// <param name="captions">The caption of each image, or for <see cref="CaptionsByEpoch"/> all captions.</param>
    /// <param name="shuffling">How the tags of captions change places; null, the default, for not at all.</param>
    /// <param name="variants">Rows of the latents' cache that each caption has (<see cref="LatentCache.Variants"/>), at least 1. Default
    /// 1.</param>
    /// <exception cref="ArgumentException">A token is in none of the captions, so that nothing could be learned of it.</exception>
    /// <exception cref="ValidationException">An option of <paramref name="shuffling"/> is out of its range.</exception>
    public ITextConditioning Texts(IReadOnlyList<string> captions, TagShuffling? shuffling = null, int variants = 1)
    {
        ArgumentNullException.ThrowIfNull(captions);
        ArgumentOutOfRangeException.ThrowIfLessThan(variants, 1);
        if (shuffling is not null) ValidOptions.Check(shuffling);
        foreach (LearnedToken token in _tokens)
            if (!captions.Any(c => c.Contains(token.Token, StringComparison.Ordinal)))
                throw new ArgumentException(
                    $"'{token.Token}' is in none of the {captions.Count} captions; expected it in those of its images.", nameof(captions));
        var ids = new CaptionTokenIds([.. _towers.All.Select(t => t.Tokenizer)], captions, shuffling, variants);
        var texts = new ClipTextConditioning(_towers, ids, _towers.IsPooled && _model.ForceZerosForEmptyPrompt, gradients: true);
        _texts.Add(texts);
        return texts;
    }

    /// <summary>The same loss, trained through the embeddings only.</summary>
    /// <param name="objective">An objective over the model's denoiser and the texts of <see cref="Texts"/>; the caller's.</param>
    /// <exception cref="ArgumentException">It trains a network of another model, or has target networks.</exception>
    public ITrainingObjective Objective(ITrainingObjective objective)
    {
        ArgumentNullException.ThrowIfNull(objective);
        if (objective.Targets.Count > 0)
            throw new ArgumentException(
                "The objective has target networks, which average weights that textual inversion leaves as they are; "
                    + $"give it a {nameof(ITrainingObjective.TargetDecay)} of 0.",
                nameof(objective));
        foreach ((string component, nn.Module network) in objective.Modules)
        {
            if (!_networks.Contains(network))
                throw new ArgumentException($"The objective trains a {component} that is not the model's.", nameof(objective));
        }

        return new AdaptedObjective(objective, Modules, _networks);
    }

    /// <summary>Writes the embedding of a token: see <see cref="TextualInversionFile.Write"/>.</summary>
    /// <param name="path">Path of the safetensors file; its folder exists.</param>
    /// <param name="token">Which token; may be null if there is one.</param>
    /// <param name="type">Type of the values. Default float32.</param>
    /// <exception cref="ArgumentException">The token is not trained, or null and there are several.</exception>
    public void Save(string path, string? token = null, ScalarType type = ScalarType.Float32)
    {
        TextualInversion[] found = [.. Embeddings.Where(e => token is null || e.Token == token)];
        if (found is not [var one])
            throw new ArgumentException(
                $"The token is {(token is null ? "null" : $"'{token}'")}; "
                    + $"expected one of {MessageText.List([.. _tokens.Select(t => t.Token)])}.",
                nameof(token));
        TextualInversionFile.Write(path, one, type);
    }

    /// <summary>Frees the embeddings and gives the networks' parameters back whether they need gradients.</summary>
    public void Dispose()
    {
        _frozen.Dispose();
        foreach (ClipTextConditioning texts in _texts) texts.Dispose();
        _texts.Clear();
        foreach (TrainedEmbeddings embeddings in _embeddings) embeddings.Dispose();
    }

    private static void Check(LearnedToken token)
    {
        ValidOptions.Check(token);
        if (token.Token.Trim() != token.Token)
            throw new ArgumentException($"The token is '{token.Token}'; expected one without white space at its ends.", nameof(token));
    }

    private static int[] Initial(ClipTokenizer tokenizer, LearnedToken token) => tokenizer.Tokenize(token.InitialText) is { Count: > 0 } ids
        ? [.. ids]
        : throw new ArgumentException($"The initial text of '{token.Token}' is '{token.InitialText}', which has no tokens.", nameof(token));

    private static float[,] Rows(TrainedEmbeddings embeddings, int start, int count)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor values = embeddings.Values.narrow(0, start, count).to(ScalarType.Float32).cpu().contiguous();
        var rows = new float[count, (int)values.shape[1]];
        Buffer.BlockCopy(values.data<float>().ToArray(), 0, rows, 0, rows.Length * sizeof(float));
        return rows;
    }

    private TrainedEmbeddings Start(ClipTower tower)
    {
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using NetworkUse weights = NetworkUse.ToRead(tower.Network);
        Tensor table = tower.Network.named_parameters()
            .First(p => p.name.EndsWith("token_embedding.weight", StringComparison.Ordinal)).parameter;
        Tensor[] rows = [.. _tokens.Zip(_vectors).SelectMany(t => Vectors(Initial(tower.Tokenizer, t.First), t.Second))];
        return new TrainedEmbeddings(stack(rows).to(ScalarType.Float32));

        IEnumerable<Tensor> Vectors(int[] ids, int vectors) => Enumerable.Range(0, vectors).Select(i =>
        {
            int[] of = vectors >= ids.Length ? [ids[i % ids.Length]] : ids[(i * ids.Length / vectors)..((i + 1) * ids.Length / vectors)];
            return table.index_select(0, tensor(Array.ConvertAll(of, id => (long)id), device: table.device)).mean([0]);
        });
    }

    private IEnumerable<string> NameTowers()
    {
        if (_model.TextEncoder is not null) yield return ComponentNames.TextEncoder;
        if (_model.TextEncoder2 is not null) yield return ComponentNames.TextEncoder2;
    }
}
