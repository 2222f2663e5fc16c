using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Input of the U-Net.</summary>
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

    /// <summary>LCM: the embedded guidance scale, [batch, width] or [1, width].</summary>
    public Tensor? TimestepCondition { get; init; }

    /// <summary>ControlNet: added to the skip connections, one for each.</summary>
    public IReadOnlyList<Tensor>? DownResiduals { get; init; }

    /// <summary>ControlNet: added after the middle.</summary>
    public Tensor? MiddleResidual { get; init; }

    /// <summary>
    /// T2I-Adapter: one feature map for each resolution on the way down, added after its last layer, and one added after the middle;
    /// there may be fewer.
    /// </summary>
    public IReadOnlyList<Tensor>? AdapterResiduals { get; init; }

    /// <summary>Keys and values of earlier evaluations, and the attention that is changed; null for neither.</summary>
    internal AttentionState? Attention { get; init; }

    /// <summary>What earlier evaluations at this timestep computed of it; null to compute it.</summary>
    internal TimeProjections? Times { get; init; }

    /// <summary>
    /// What the lower resolutions gave at an earlier evaluation, which are then not computed, or where to keep what they
    /// give; null to compute and keep nothing.
    /// </summary>
    internal CachedFeatures? Deep { get; init; }

    /// <summary>The tensors of a denoiser's input in a network's type, as new tensors where they are not in it already.</summary>
    /// <param name="input">Input of the denoiser.</param>
    /// <param name="type">Type that the network computes in.</param>
    /// <param name="guidanceWidth">Width of the network's guidance embedding; null for a network without one.</param>
    internal static UNetInput FromDenoiserInput(DenoiserInput input, ScalarType type, int? guidanceWidth)
    {
        Tensor latents = input.ConcatenatedLatents is { } more ? cat([input.Latents, more], 1) : input.Latents;
        Conditioning text = input.Conditioning;
        return new UNetInput(
            latents.to(type), tensor(Common(input.Timesteps).Select(t => (float)t).ToArray(), device: latents.device),
            text.HiddenStates.to(type))
        {
            Mask = text.Mask,
            TextEmbeds = text.Pooled?.to(type),
            TimeIds = text.Additional.GetValueOrDefault(Models.TimeIds.Name),
            // A network that learned guidance reads a scale of 1, no guidance, where none is given.
            TimestepCondition = guidanceWidth is { } width
                ? EmbeddedGuidance.Embed(Common(input.GuidanceScales ?? [1]), width).to(type, latents.device)
                : null,
            DownResiduals = input.ControlResiduals is { } residuals ? [.. residuals.SkipLast(1).Select(r => r.to(type))] : null,
            MiddleResidual = input.ControlResiduals is [.., var middle] ? middle.to(type) : null,
            AdapterResiduals = input.AdapterResiduals is { } maps ? [.. maps.Select(m => m.to(type))] : null,
        };
    }

    /// <summary>One number where all samples have the same, so that what depends on it is computed once.</summary>
    private static IReadOnlyList<double> Common(IReadOnlyList<double> values) => values.All(v => v == values[0]) ? [values[0]] : values;
}
