using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>What the U-Net is evaluated on.</summary>
/// <param name="Sample">Noisy latents, [batch, channels, height, width].</param>
/// <param name="Timesteps">[batch] or [1], any number type.</param>
/// <param name="HiddenStates">The text, [batch, tokens, width].</param>
public sealed record UNetInput(Tensor Sample, Tensor Timesteps, Tensor HiddenStates)
{
    /// <summary>1 for tokens that may be attended to and 0 for others, [batch, tokens]; null for all.</summary>
    public Tensor? Mask { get; init; }

    /// <summary>Classes: indices, [batch], numbers (<c>timestep</c>) or vectors, [batch, width] (<c>identity</c> and the projections).</summary>
    public Tensor? ClassLabels { get; init; }

    /// <summary>SDXL: the pooled text, [batch, width].</summary>
    public Tensor? TextEmbeds { get; init; }

    /// <summary>SDXL: original size, crop and target size, [batch, 6].</summary>
    public Tensor? TimeIds { get; init; }

    /// <summary>LCM: the embedded guidance scale, [batch, width].</summary>
    public Tensor? TimestepCondition { get; init; }

    /// <summary>ControlNet: added to the skip connections, one for each.</summary>
    public IReadOnlyList<Tensor>? DownResiduals { get; init; }

    /// <summary>ControlNet: added after the middle.</summary>
    public Tensor? MiddleResidual { get; init; }

    /// <summary>What earlier evaluations left, and which self-attention is perturbed; null for neither.</summary>
    internal AttentionState? Attention { get; init; }

    /// <summary>
    /// What the lower resolutions gave at an earlier evaluation, which are then not computed, or where to keep what they
    /// give; null to compute and keep nothing.
    /// </summary>
    internal CachedFeatures? Deep { get; init; }
}
