namespace LatentDiffusion;

/// <summary>Upscalers of a pipeline.</summary>
public static class UpscalerBuilderExtensions
{
    /// <summary>
    /// Adds an upscaling network, in addition to others. Requests select it by name: <see cref="GenerationRequest.FinalUpscale"/> to
    /// enlarge the generated images, <see cref="LatentUpscaling.Upscaler"/> to enlarge those of the first pass for the second.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="path">
    /// A file as <see cref="ImageUpscaler.Open"/> reads it; read when the pipeline is built, to the device where that computes.
    /// </param>
    /// <param name="name">Its name in requests; null for the name of the file, without folder and extension. Case does not matter.</param>
    /// <param name="options">How images are divided into tiles; null for the defaults.</param>
    public static DiffusionPipelineBuilder UseUpscaler(
        this DiffusionPipelineBuilder builder, string path, string? name = null, UpscalingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (name is not null) ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return builder.Change(s => s.Features.Add(new UpscalerChoice(name, Open)));

        (IImageUpscaler, IDisposable?) Open(PipelineAssembly assembly)
        {
            var upscaler = ImageUpscaler.Open(path, assembly.Home ?? assembly.Device, precision: null, options);
            return (upscaler, upscaler);
        }
    }

    /// <summary>Adds an upscaler, in addition to others. Requests select it by name. The caller disposes it.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="upscaler">The upscaler.</param>
    /// <param name="name">Its name in requests; null for <see cref="IImageUpscaler.Name"/>. Case does not matter.</param>
    public static DiffusionPipelineBuilder UseUpscaler(this DiffusionPipelineBuilder builder, IImageUpscaler upscaler, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(upscaler);
        if (name is not null) ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return builder.Change(s => s.Features.Add(new UpscalerChoice(name, _ => (upscaler, null))));
    }
}
