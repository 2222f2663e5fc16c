namespace LatentDiffusion;

/// <summary>ControlNets of a pipeline.</summary>
public static class ControlNetBuilderExtensions
{
    /// <summary>
    /// Adds a ControlNet (Zhang et al. 2023), in addition to others: what they add to the U-Net is summed. Every request then brings an
    /// image for each, <see cref="GenerationRequest.ControlImages"/>. ControlNets of the model's own folder need no call and come first.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="folder">
    /// A folder with its <c>config.json</c> and weights, or a single file with the original names; read when the pipeline is built.
    /// </param>
    /// <param name="scale">How strongly it controls, any finite number. Default 1, as trained.</param>
    /// <param name="start">Share of the steps before it begins to control, at least 0. Default 0.</param>
    /// <param name="end">Share of the steps until which it controls, above <paramref name="start"/> and at most 1. Default 1.</param>
    public static DiffusionPipelineBuilder UseControlNet(
        this DiffusionPipelineBuilder builder, string folder, double scale = 1, double start = 0, double end = 1)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!double.IsFinite(scale)) throw new ArgumentOutOfRangeException(nameof(scale), scale, "A scale is a finite number.");
        if (!(start >= 0 && start < 1))
            throw new ArgumentOutOfRangeException(nameof(start), start, "The start is a share of the steps, at least 0 and below 1.");
        if (!(end > start && end <= 1))
            throw new ArgumentOutOfRangeException(nameof(end), end, "The end is a share of the steps, above the start and at most 1.");
        var weight = new ControlWeight { Scale = scale, Start = start, End = end };
        return builder.Change(s => s.Features.Add(new ControlNetChoice(folder, weight)));
    }
}
