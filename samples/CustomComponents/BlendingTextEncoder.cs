using LatentDiffusion;
using TorchSharp;
using static TorchSharp.torch;

namespace CustomComponents;

/// <summary>A text encoder over another: "a yellow bird | a red bird" is the mean of both: an orange one.</summary>
internal sealed class BlendingTextEncoder(ITextEncoder inner) : ITextEncoder
{
    public int MaxLength => inner.MaxLength;

    // The unconditional text stays the model's: not every model uses the empty prompt.
    public Conditioning EncodeUnconditional(int count, CancellationToken cancellationToken = default) =>
        inner.EncodeUnconditional(count, cancellationToken);

    // The weights are those of the inner encoder.
    public bool TryMoveTo(Device device) => inner.TryMoveTo(device);

    // Several evaluations of a network: a generation that is cancelled makes no more of them.
    public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default)
    {
        using DisposeScope scope = NewDisposeScope();
        Conditioning[] blends = [.. prompts.Select(p => inner
            .Encode(p.Split('|', StringSplitOptions.TrimEntries), cancellationToken)
            .Map(t => t.mean([0], keepdim: true)))];
        return blends.Aggregate(Conditioning.Concat).Map(t => t.MoveToOuterDisposeScope());
    }
}
