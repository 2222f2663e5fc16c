using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Texts from one or two CLIP text towers over cached token ids, encoded as <see cref="ClipTextEncoder"/> encodes them.</summary>
public sealed class ClipTextConditioning : ITextConditioning, IDisposable
{
    private readonly ClipTowers _towers;
    private readonly Tensor[] _ids, _emptyIds;
    private readonly bool _zeros, _train;

    /// <summary>Texts of one tower.</summary>
    /// <param name="network">The text tower.</param>
    /// <param name="tokenizer">Its tokenizer, for the empty caption.</param>
    /// <param name="ids">Token ids of the captions, [images, tokens], int64; the caller's.</param>
    /// <param name="train">Whether the tower is trained; otherwise it computes no gradients. Default true.</param>
    public ClipTextConditioning(ClipTextModel network, ClipTokenizer tokenizer, Tensor ids, bool train = true)
        : this(new ClipTowers(network, tokenizer), [ids], zeros: false, train)
    {
        if (train) Modules = new Dictionary<string, nn.Module> { [ComponentNames.TextEncoder] = network };
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
            first is { } other ? [other.Ids, second.Ids] : [second.Ids], zerosForDropped, train)
    {
        if (!_ids[0].shape.SequenceEqual(second.Ids.shape))
        {
            string one = string.Join(", ", _ids[0].shape), two = string.Join(", ", second.Ids.shape);
            throw new ArgumentException($"The towers' token ids are [{one}] and [{two}]; side by side they must be alike.", nameof(second));
        }

        if (!train) return;
        var modules = new Dictionary<string, nn.Module>();
        if (first is { } trained) modules.Add(ComponentNames.TextEncoder, trained.Network);
        modules.Add(ComponentNames.TextEncoder2, second.Network);
        Modules = modules;
    }

    private ClipTextConditioning(ClipTowers towers, Tensor[] ids, bool zeros, bool train)
    {
        foreach (Tensor each in ids) ArgumentNullException.ThrowIfNull(each, nameof(ids));
        (_towers, _ids, _zeros, _train) = (towers, ids, zeros, train);
        _emptyIds = [.. towers.All.Select(t => tensor(t.Tokenizer.Encode("").Ids).DetachFromDisposeScope())];
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, nn.Module> Modules { get; } = new Dictionary<string, nn.Module>();

    /// <inheritdoc />
    public Conditioning Encode(Tensor index, Tensor dropped)
    {
        ArgumentNullException.ThrowIfNull(dropped);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable? noGrad = _train ? null : no_grad();
        (Tensor Hidden, Tensor? Pooled)[] outputs = [.. _ids.Select((_, tower) => _towers.Run(tower, Ids(tower)))];
        Tensor hidden = outputs.Length == 1 ? outputs[0].Hidden : cat([.. outputs.Select(o => o.Hidden)], -1);
        Tensor? pooled = outputs[^1].Pooled;
        if (_zeros)
        {
            Tensor kept = dropped.logical_not().to(hidden.dtype, hidden.device).unsqueeze(1);
            (hidden, pooled) = (hidden * kept.unsqueeze(2), pooled! * kept);
        }

        return new Conditioning(hidden.MoveToOuterDisposeScope(), pooled?.MoveToOuterDisposeScope());

        Tensor Ids(int tower) => where(dropped.unsqueeze(1), _emptyIds[tower], _ids[tower].index_select(0, index))
            .to(_towers.All[tower].Device);
    }

    /// <summary>Disposes the tensors made here; the caller keeps the networks and the ids.</summary>
    public void Dispose()
    {
        foreach (Tensor ids in _emptyIds) ids.Dispose();
    }
}
