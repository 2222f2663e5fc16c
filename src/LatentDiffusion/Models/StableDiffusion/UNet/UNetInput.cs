using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>What the U-Net is evaluated on.</summary>
/// <param name="Sample">Noisy latents, [batch, channels, height, width].</param>
/// <param name="Timesteps">[batch] or [1], any number type.</param>
/// <param name="HiddenStates">The text, [batch, tokens, width].</param>
public sealed record UNetInput(Tensor Sample, Tensor Timesteps, Tensor HiddenStates)
{
    /// <summary>1 for tokens that may be attended to and 0 for others, [batch, tokens]; null for all.</summary>
    public Tensor? Mask { get; init; }

    /// <summary>
    /// Classes: indices, [batch], numbers (<c>timestep</c>) or vectors, [batch, width] (<c>identity</c> and the projections).
    /// </summary>
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

    /// <summary>Keys and values of earlier evaluations, and the self-attention that is changed; null for neither.</summary>
    internal AttentionState? Attention { get; init; }

    /// <summary>
    /// What the lower resolutions gave at an earlier evaluation, which are then not computed, or where to keep what they
    /// give; null to compute and keep nothing.
    /// </summary>
    internal CachedFeatures? Deep { get; init; }

    /// <summary>The tensors of a denoiser's input in a network's type, as new tensors where they are not in it already.</summary>
    /// <param name="input">What the denoiser is evaluated on.</param>
    /// <param name="type">Type that the network computes in.</param>
    /// <param name="guidanceWidth">Width of the network's guidance embedding; null for a network without one.</param>
    internal static UNetInput Of(DenoiserInput input, ScalarType type, int? guidanceWidth)
    {
        Tensor latents = input.ConcatenatedLatents is { } more ? cat([input.Latents, more], 1) : input.Latents;
        Conditioning text = input.Conditioning;
        return new UNetInput(
            latents.to(type), tensor(input.Timesteps.Select(t => (float)t).ToArray(), device: latents.device), text.HiddenStates.to(type))
        {
            Mask = text.Mask,
            TextEmbeds = text.Pooled?.to(type),
            TimeIds = text.Additional.GetValueOrDefault(Models.TimeIds.Name),
            // A network that learned guidance reads a scale of 1, no guidance, where none is given.
            TimestepCondition = guidanceWidth is { } width
                ? EmbeddedGuidance.Embed(input.GuidanceScales ?? [1], width).to(type, latents.device).expand(latents.shape[0], width)
                : null,
            DownResiduals = input.ControlResiduals is { } residuals ? [.. residuals.SkipLast(1).Select(r => r.to(type))] : null,
            MiddleResidual = input.ControlResiduals is [.., var middle] ? middle.to(type) : null,
        };
    }
}
