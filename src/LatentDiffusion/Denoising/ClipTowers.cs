using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>
/// The text towers of a model, and the layers that it reads. A single tower: its last layer, normalised (Stable Diffusion 1.x and
/// 2.x). Towers with a pooled text (SDXL: Podell et al. 2023, section 2.1): the layers before the last side by side, not
/// normalised, and the projection of the last tower.
/// </summary>
internal sealed class ClipTowers
{
    /// <summary>One tower.</summary>
    public ClipTowers(ClipTextModel network, ClipTokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(tokenizer);
        All = [new ClipTower(network, tokenizer)];
    }

    /// <summary>Towers with a pooled text.</summary>
    /// <param name="first">The first tower; null for the refiner, which has the second only.</param>
    /// <param name="second">The second tower, which has a projection.</param>
    /// <exception cref="ArgumentException">The second tower has no projection, or the tokenizers differ in length.</exception>
    public ClipTowers((ClipTextModel Network, ClipTokenizer Tokenizer)? first, (ClipTextModel Network, ClipTokenizer Tokenizer) second)
    {
        if (!second.Network.HasProjection)
            throw new ArgumentException("The second text tower has no projection, which gives the pooled text.", nameof(second));
        if (first is { } other && other.Tokenizer.MaxLength != second.Tokenizer.MaxLength)
        {
            throw new ArgumentException(
                $"The tokenizers give {other.Tokenizer.MaxLength} and {second.Tokenizer.MaxLength} tokens; "
                    + "side by side they must give as many.",
                nameof(second));
        }

        var last = new ClipTower(second.Network, second.Tokenizer);
        All = first is { } tower ? [new ClipTower(tower.Network, tower.Tokenizer), last] : [last];
        IsPooled = true;
    }

    private ClipTowers(IReadOnlyList<ClipTower> all, bool isPooled, IReadOnlyList<TextualInversion> embeddings) =>
        (All, IsPooled, TextualInversions) = (all, isPooled, embeddings);

    /// <summary>The towers, in order.</summary>
    public IReadOnlyList<ClipTower> All { get; }

    /// <summary>The added tokens.</summary>
    public IReadOnlyList<TextualInversion> TextualInversions { get; } = [];

    /// <summary>Whether there is a pooled text.</summary>
    public bool IsPooled { get; }

    /// <summary>Tokens of a window.</summary>
    public int MaxLength => All[^1].Tokenizer.MaxLength;

    /// <summary>Width of the hidden states of all towers side by side.</summary>
    public int Width => All.Sum(t => t.Network.Config.HiddenSize);

    /// <summary>Width of the pooled text; null for none.</summary>
    public int? PooledWidth => IsPooled ? All[^1].Network.Config.ProjectionDim : null;

    /// <summary>The most layers that can be counted from the one that the model reads.</summary>
    public int Layers => All.Min(t => t.Network.Config.NumHiddenLayers) - (IsPooled ? 1 : 0);

    /// <summary>The same towers with further tokens.</summary>
    /// <exception cref="ArgumentException">An embedding does not fit them, or two have the same token.</exception>
    public ClipTowers With(IReadOnlyList<TextualInversion> embeddings)
    {
        int room = MaxLength - 2;
        foreach (TextualInversion embedding in embeddings)
            Refuse(embedding, embedding.Vectors > room, $"has {embedding.Vectors} vectors, and a prompt has room for {room}");
        TextualInversion[] all = [.. TextualInversions, .. embeddings];
        var tokens = new AddedTokens([.. all.Select(e => (e.Token, e.Vectors))]);
        return new ClipTowers([.. All.Select((tower, i) => With(tower, i, tokens, all))], IsPooled, all);
    }

    /// <summary>The same towers with tokens whose embeddings are trained.</summary>
    /// <param name="tokens">The tokens.</param>
    /// <param name="trained">Their embeddings for each tower.</param>
    /// <exception cref="ArgumentException">Two tokens are the same.</exception>
    public ClipTowers With(AddedTokens tokens, IReadOnlyList<TrainedEmbeddings> trained) => new(
        [.. All.Zip(trained, (tower, embeddings) =>
        {
            ClipTokenizer tokenizer = tower.Tokenizer.With(tokens);
            return tower with { Tokenizer = tokenizer, Added = new AddedEmbeddings(tokenizer.FirstAddedId, embeddings) };
        })],
        IsPooled, TextualInversions);

    /// <summary>Evaluates a tower.</summary>
    /// <param name="index">Which.</param>
    /// <param name="ids">Token ids, [batch, tokens], int64, on the tower's device.</param>
    /// <param name="clipSkip">Which layer, counted from the one that the model reads, which is 1.</param>
    /// <param name="pool">Whether the pooled text is wanted, which takes every layer of the last tower.</param>
    /// <returns>Hidden states, [batch, tokens, width], and the pooled text, [batch, width]; null where the tower does not give
    /// it.</returns>
    public (Tensor Hidden, Tensor? Pooled) Run(int index, Tensor ids, int clipSkip = 1, bool pool = true)
    {
        (ClipTextModel network, _, AddedEmbeddings? added) = All[index];
        if (!IsPooled) return (network.HiddenState(ids, clipSkip, added), null);
        int layers = network.Config.NumHiddenLayers - clipSkip;
        if (!pool || index < All.Count - 1) return (network.RawHiddenState(ids, layers, added), null);
        ClipTextOutput output = added is null ? network.call(ids) : network.forward(ids, added);
        return (clipSkip == 1 ? output.PenultimateHiddenState : network.RawHiddenState(ids, layers, added), output.Projected);
    }

    private ClipTower With(ClipTower tower, int index, AddedTokens tokens, IReadOnlyList<TextualInversion> embeddings)
    {
        ClipTokenizer tokenizer = tower.Tokenizer.With(tokens);
        int width = tower.Network.Config.HiddenSize;
        float[][,] rows = [.. embeddings.Select(e => Rows(e, index))];
        foreach ((TextualInversion embedding, float[,] vectors) in embeddings.Zip(rows))
        {
            int given = vectors.GetLength(1);
            Refuse(embedding, given != width, $"has vectors of width {given}, and the text tower takes {width}");
        }


        return tower with { Tokenizer = tokenizer, Added = new AddedEmbeddings(tokenizer.FirstAddedId, rows) };
    }

    /// <summary>The embedding for a tower, which files name for models with a pooled text.</summary>
    private float[,] Rows(TextualInversion embedding, int index)
    {
        string[] names = !IsPooled ? [TextualInversion.OnlyTower, TextualInversion.FirstTower]
            : index == All.Count - 1 ? [TextualInversion.SecondTower] : [TextualInversion.FirstTower];
        float[,]? rows = names.Select(embedding.Embeddings.GetValueOrDefault).FirstOrDefault(e => e is not null);
        // An embedding of two towers was not made for a model with one tower and no pooled text.
        if (!IsPooled && embedding.Embeddings.Count > 1) rows = null;
        string held = string.Join(" and ", embedding.Embeddings.Keys.Select(Named));
        string needed = IsPooled && All.Count > 1 ? $"{TextualInversion.FirstTower} and {TextualInversion.SecondTower}" : Named(names[0]);
        Refuse(embedding, rows is null, $"is for {held}, and the model needs one for {needed}");
        return rows!;

        static string Named(string tower) => tower.Length == 0 ? "one text tower" : tower;
    }

    private static void Refuse(TextualInversion embedding, bool condition, string why)
    {
        if (!condition) return;
        string source = embedding.Source is null ? "" : $" of '{embedding.Source}'";
        throw new ArgumentException($"The embedding '{embedding.Token}'{source} {why}.", nameof(embedding));
    }
}
