using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The result of one guided evaluation. Owns its tensors.</summary>
/// <param name="Guided">
/// The prediction that the scheduler receives, [batch, channels, height, width]. Custom guidance may leave the channels of a predicted
/// variance in it.
/// </param>
public sealed record GuidedPrediction(Tensor Guided) : IDisposable
{
    /// <summary>
    /// The network's prediction for the prompt, which decorating guidance then does not evaluate again: the same tensor as
    /// <see cref="Guided"/> where nothing was guided; null, the default, where it is not known.
    /// </summary>
    public Tensor? Conditional { get; init; }

    /// <summary>
    /// The network's prediction for the negative prompt, which guidance by other inputs then does not evaluate again; null, the default,
    /// where it is not known.
    /// </summary>
    public Tensor? Unconditional { get; init; }

    /// <summary>
    /// The variance that the network predicted for the prompt (Nichol &amp; Dhariwal 2021), which guidance does not change; null, the
    /// default, for networks without one.
    /// </summary>
    public Tensor? Variance { get; init; }

    /// <summary>
    /// The output that a scheduler takes: the guided prediction, followed by the channels of the variance where there is one. The same
    /// tensor as <see cref="Guided"/> without, a new one with a variance.
    /// </summary>
    public Tensor ToModelOutput() => Variance is null ? Guided : cat([Guided, Variance], 1);

    /// <summary>Disposes the tensors.</summary>
    public void Dispose()
    {
        Guided.Dispose();
        Conditional?.Dispose();
        Unconditional?.Dispose();
        Variance?.Dispose();
    }
}
