using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Texts from the two CLIP towers of SDXL over cached token ids (Podell et al. 2023, section 2.1), as
/// <see cref="DualClipTextEncoder"/> encodes them: the layers before the last side by side, and the second tower's projection
/// as the pooled text. Its refiner has the second tower alone.
/// </summary>
public sealed class DualClipTextConditioning : ITextConditioning, IDisposable
{
    private readonly Tower[] _towers;
    private readonly bool _zeros, _train;

    /// <summary>Prepares the texts.</summary>
    /// <param name="first">The first tower, its tokenizer for the empty caption, and the captions' token ids, [rows, tokens], int64, which stay the caller's; null for the refiner.</param>
    /// <param name="second">The same for the second tower, which has a projection.</param>
    /// <param name="zerosForDropped">
    /// Whether a dropped caption is all zeros, as no prompt is in sampling where a model has
    /// <c>force_zeros_for_empty_prompt</c>, rather than the encoded empty caption. Default true.
    /// </param>
    /// <param name="train">Whether the towers are trained; where not, they compute no gradients. Default true.</param>
    /// <exception cref="ArgumentException">The second tower has no projection, or the ids of the two differ in shape.</exception>
    public DualClipTextConditioning(
        (ClipTextModel Network, ClipTokenizer Tokenizer, Tensor Ids)? first, (ClipTextModel Network, ClipTokenizer Tokenizer, Tensor Ids) second,
        bool zerosForDropped = true, bool train = true)
    {
        if (!second.Network.HasProjection) throw new ArgumentException("The second text tower has no projection, which gives the pooled text.", nameof(second));
        if (first is { } one && !one.Ids.shape.SequenceEqual(second.Ids.shape))
            throw new ArgumentException($"The towers' token ids are [{string.Join(", ", one.Ids.shape)}] and [{string.Join(", ", second.Ids.shape)}]; side by side they must be alike.", nameof(second));
        (_zeros, _train) = (zerosForDropped, train);
        (ClipTextModel Network, ClipTokenizer Tokenizer, Tensor Ids)[] towers = first is { } tower ? [tower, second] : [second];
        _towers = [.. towers.Select(t => new Tower(t.Network, t.Ids, tensor(t.Tokenizer.Encode("").Ids).DetachFromDisposeScope()))];
        var modules = new Dictionary<string, nn.Module>();
        if (train && first is { } trained) modules.Add(LoraTarget.TextEncoder, trained.Network);
        if (train) modules.Add(LoraTarget.TextEncoder2, second.Network);
        Modules = modules;
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, nn.Module> Modules { get; }

    /// <inheritdoc />
    public Conditioning Encode(Tensor index, Tensor dropped)
    {
        ArgumentNullException.ThrowIfNull(dropped);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable? noGrad = _train ? null : no_grad();
        ClipTextOutput[] outputs = [.. _towers.Select(t => t.Run(index, dropped))];
        Tensor hidden = cat([.. outputs.Select(o => o.PenultimateHiddenState)], -1), pooled = outputs[^1].Projected!;
        if (_zeros)
        {
            Tensor kept = dropped.logical_not().to(hidden.dtype, hidden.device).unsqueeze(1);
            (hidden, pooled) = (hidden * kept.unsqueeze(2), pooled * kept);
        }

        return new Conditioning(hidden.MoveToOuterDisposeScope(), pooled.MoveToOuterDisposeScope());
    }

    /// <summary>Disposes what was made here; the networks and the ids are the caller's.</summary>
    public void Dispose()
    {
        foreach (Tower tower in _towers) tower.EmptyIds.Dispose();
    }

    private sealed record Tower(ClipTextModel Network, Tensor Ids, Tensor EmptyIds)
    {
        public ClipTextOutput Run(Tensor index, Tensor dropped) =>
            Network.call(where(dropped.unsqueeze(1), EmptyIds, Ids.index_select(0, index)).to(Network.parameters().First().device));
    }
}
