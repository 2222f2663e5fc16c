namespace LatentDiffusion;

/// <summary>ControlNets of a pipeline.</summary>
public static class ControlNetBuilderExtensions
{
    /// <summary>
    /// Adds a ControlNet (Zhang et al. 2023), in addition to others: their residuals are summed. Every request then brings an
    /// image for each, <see cref="GenerationRequest.ControlImages"/>. ControlNets of the model's own folder need no call and come first.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="folder">
    /// A folder with its <c>config.json</c> and weights, or a single file with the original names; read when the pipeline is built.
    /// </param>
    /// <param name="scale">How strongly it controls, any finite number. Default 1, as trained.</param>
    /// <param name="start">Fraction of the steps before it begins to control, at least 0. Default 0.</param>
    /// <param name="end">Fraction of the steps after which it stops, above <paramref name="start"/> and at most 1. Default 1.</param>
    public static DiffusionPipelineBuilder UseControlNet(
        this DiffusionPipelineBuilder builder, string folder, double scale = 1, double start = 0, double end = 1)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ControlWeight weight = Weight(scale, start, end);
        return builder.Change(s => s.Features.Add(new ControlNetChoice(folder, weight)));
    }

    /// <summary>
    /// Adds a union ControlNet (xinsir 2024), which reads control images of several types at once. Every request then needs an image for
    /// each mode in <see cref="GenerationRequest.ControlImages"/>, and may set a <see cref="ControlWeight"/> for each.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="folder">
    /// A folder with its <c>config.json</c> and weights, or a single file; read when the pipeline is built.
    /// </param>
    /// <param name="modes">
    /// The control type of each image: for controlnet-union-sdxl-1.0 0 is openpose, 1 depth, 2 soft edges and scribble, 3 canny, lineart
    /// and mlsd, 4 normals, 5 segments, and in promax 6 tile and 7 repainting. At least one. Published name <c>control_mode</c>.
    /// </param>
    /// <param name="scale">How strongly each image controls, any finite number. Default 1, as trained.</param>
    /// <param name="start">Fraction of the steps before they begin to control, at least 0. Default 0.</param>
    /// <param name="end">Fraction of the steps after which they stop, above <paramref name="start"/> and at most 1. Default 1.</param>
    public static DiffusionPipelineBuilder UseControlNetUnion(
        this DiffusionPipelineBuilder builder, string folder, IReadOnlyList<int> modes, double scale = 1, double start = 0, double end = 1)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentNullException.ThrowIfNull(modes);
        if (modes.Count == 0) throw new ArgumentException("A union ControlNet needs at least one mode.", nameof(modes));
        foreach (int mode in modes) ArgumentOutOfRangeException.ThrowIfNegative(mode, nameof(modes));
        var choice = new ControlNetChoice(folder, Weight(scale, start, end), [.. modes]);
        return builder.Change(s => s.Features.Add(choice));
    }

    private static ControlWeight Weight(double scale, double start, double end)
    {
        StepInterval.CheckArguments(scale, start, end);
        return new ControlWeight { Scale = scale, Start = start, End = end };
    }
}
