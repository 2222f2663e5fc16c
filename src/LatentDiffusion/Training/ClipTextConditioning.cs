using System.ComponentModel.DataAnnotations;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Texts from one or two CLIP text towers over cached token ids or over captions, encoded as <see cref="ClipTextEncoder"/> encodes them.
/// </summary>
public sealed class ClipTextConditioning : ITextConditioning, IDisposable
{
    private readonly ClipTowers _towers;
    private readonly ITokenIds _ids;
    private readonly Tensor[] _emptyIds;
    private readonly bool _zeros, _train;

    /// <summary>Texts of one tower.</summary>
    /// <param name="network">The text tower.</param>
    /// <param name="tokenizer">Its tokenizer, for the empty caption.</param>
    /// <param name="ids">Token ids of the captions, [images, tokens], int64; the caller's.</param>
    /// <param name="train">Whether the tower is trained; otherwise it computes no gradients. Default true.</param>
    public ClipTextConditioning(ClipTextModel network, ClipTokenizer tokenizer, Tensor ids, bool train = true)
        : this(new ClipTowers(network, tokenizer), Stored(ids), zeros: false, train)
    {
        if (train) Modules = Trained(network, null);
    }

    /// <summary>Texts of the towers of SDXL (Podell et al. 2023, section 2.1), with the pooled text.</summary>
    /// <param name="first">
    /// The first tower, its tokenizer for the empty caption, and the captions' token ids, [rows, tokens], int64, which stay the
    /// caller's; null for the refiner, which has the second tower only.
    /// </param>
    /// <param name="second">The same for the second tower, which has a projection.</param>
    /// <param name="zerosForDropped">
    /// Whether a dropped caption is zeros, as the unconditional embeddings of a model with <c>force_zeros_for_empty_prompt</c>
    /// are, rather than the encoded empty caption. Default true.
    /// </param>
    /// <param name="train">Whether the towers are trained; otherwise they compute no gradients. Default true.</param>
    /// <exception cref="ArgumentException">The second tower has no projection, or the ids of the two differ in shape.</exception>
    public ClipTextConditioning(
        (ClipTextModel Network, ClipTokenizer Tokenizer, Tensor Ids)? first,
        (ClipTextModel Network, ClipTokenizer Tokenizer, Tensor Ids) second,
        bool zerosForDropped = true, bool train = true)
        : this(
            new ClipTowers(first is { } tower ? (tower.Network, tower.Tokenizer) : null, (second.Network, second.Tokenizer)),
            first is { } other ? Stored(other.Ids, second.Ids) : Stored(second.Ids), zerosForDropped, train)
    {
        if (first is { } pair && !pair.Ids.shape.SequenceEqual(second.Ids.shape))
        {
            string one = string.Join(", ", pair.Ids.shape), two = string.Join(", ", second.Ids.shape);
            throw new ArgumentException($"The towers' token ids are [{one}] and [{two}]; side by side they must be alike.", nameof(second));
        }

        if (train) Modules = Trained(first?.Network, second.Network);
    }

    /// <summary>Texts whose ids come from anywhere.</summary>
    /// <param name="towers">The towers.</param>
    /// <param name="ids">Token ids for each tower.</param>
    /// <param name="zeros">Whether a dropped caption is zeros.</param>
    /// <param name="gradients">Whether gradients are taken of the texts.</param>
    internal ClipTextConditioning(ClipTowers towers, ITokenIds ids, bool zeros, bool gradients)
    {
        (_towers, _ids, _zeros, _train) = (towers, ids, zeros, gradients);
        _emptyIds = [.. towers.All.Select(t => tensor(t.Tokenizer.Encode("").Ids).DetachFromDisposeScope())];
    }

    /// <summary>
    /// Texts of a Stable Diffusion model over captions, which are tokenized in each step: they need not be those of the cache, and their
    /// tags can change places.
    /// </summary>
    /// <param name="model">The model, whose text encoders give the texts.</param>
    /// <param name="captions">The caption of each image, or for <see cref="CaptionsByEpoch"/> all captions.</param>
    /// <param name="train">Whether the text encoders are trained; otherwise they compute no gradients. Default true.</param>
    /// <param name="shuffling">How the tags of captions change places; null, the default, for not at all.</param>
    /// <param name="variants">Rows of the latents' cache that each caption has (<see cref="LatentCache.Variants"/>), at least 1. Default
    /// 1.</param>
    /// <exception cref="ValidationException">An option of <paramref name="shuffling"/> is out of its range.</exception>
    /// <exception cref="NotSupportedException">The model is of another family.</exception>
    /// <exception cref="InvalidDataException">The model has no text encoder, or its components contradict each other.</exception>
    public static ClipTextConditioning FromCaptions(
        ModelComponents model, IReadOnlyList<string> captions, bool train = true, TagShuffling? shuffling = null, int variants = 1)
    {
        ClipTowers towers = StableDiffusionTraining.Towers(model);
        ArgumentNullException.ThrowIfNull(captions);
        ArgumentOutOfRangeException.ThrowIfLessThan(variants, 1);
        if (shuffling is not null) ValidOptions.Check(shuffling);
        var ids = new CaptionTokenIds([.. towers.All.Select(t => t.Tokenizer)], captions, shuffling, variants);
        return new ClipTextConditioning(towers, ids, towers.IsPooled && model.ForceZerosForEmptyPrompt, train)
        {
            Modules = train ? Trained(model.TextEncoder, model.TextEncoder2) : new Dictionary<string, nn.Module>(),
        };
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, nn.Module> Modules { get; private init; } = new Dictionary<string, nn.Module>();

    /// <inheritdoc />
    public string? ContentKey => _ids.ContentKey;

    /// <inheritdoc />
    /// <remarks>The texts of the first epoch.</remarks>
    public Conditioning Encode(Tensor index, Tensor dropped)
    {
        ArgumentNullException.ThrowIfNull(index);
        return Encode(index, dropped, new long[index.shape[0]]);
    }

    /// <inheritdoc />
    public Conditioning Encode(Tensor index, Tensor dropped, IReadOnlyList<long> epochs)
    {
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(dropped);
        ArgumentNullException.ThrowIfNull(epochs);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable? noGrad = _train ? null : no_grad();
        (Tensor Hidden, Tensor? Pooled)[] outputs = [.. _emptyIds.Select((_, tower) => _towers.Run(tower, Ids(tower)))];
        Tensor hidden = outputs.Length == 1 ? outputs[0].Hidden : cat([.. outputs.Select(o => o.Hidden)], -1);
        Tensor? pooled = outputs[^1].Pooled;
        if (_zeros)
        {
            Tensor kept = dropped.logical_not().to(hidden.dtype, hidden.device).unsqueeze(1);
            (hidden, pooled) = (hidden * kept.unsqueeze(2), pooled! * kept);
        }

        return new Conditioning(hidden.MoveToOuterDisposeScope(), pooled?.MoveToOuterDisposeScope());

        Tensor Ids(int tower) => where(dropped.unsqueeze(1), _emptyIds[tower], _ids.Read(tower, index, epochs))
            .to(_towers.All[tower].Device);
    }

    /// <summary>Disposes the tensors made here; the caller keeps the networks and the ids.</summary>
    public void Dispose()
    {
        foreach (Tensor ids in _emptyIds) ids.Dispose();
    }

    private static StoredTokenIds Stored(params Tensor[] ids)
    {
        foreach (Tensor each in ids) ArgumentNullException.ThrowIfNull(each, nameof(ids));
        return new StoredTokenIds(ids);
    }

    private static Dictionary<string, nn.Module> Trained(ClipTextModel? first, ClipTextModel? second)
    {
        var modules = new Dictionary<string, nn.Module>();
        if (first is not null) modules.Add(ComponentNames.TextEncoder, first);
        if (second is not null) modules.Add(ComponentNames.TextEncoder2, second);
        return modules;
    }
}
