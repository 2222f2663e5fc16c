namespace LatentDiffusion;

/// <summary>IP-Adapters of a pipeline.</summary>
public static class IpAdapterBuilderExtensions
{
    /// <summary>
    /// Adds an IP-Adapter (Ye et al. 2023), in addition to others. A request may then have <see cref="GenerationRequest.ImagePrompts"/> in
    /// addition to its text. For Stable Diffusion 1.x, 2.x and SDXL: plain adapters, "plus" and "full".
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="file">
    /// Its file, for example <c>ip-adapter_sd15.safetensors</c> or <c>.bin</c>; read when the pipeline is built.
    /// </param>
    /// <param name="imageEncoder">
    /// The vision tower of CLIP that the adapter was trained with: a folder with <c>config.json</c> and weights, or a file. Null, the
    /// default, for the folder <c>image_encoder</c> next to the file, or else <c>../models/image_encoder</c>, as they are published;
    /// without an encoder, requests need <see cref="ImageEmbeds"/>.
    /// </param>
    /// <param name="scale">How strongly images act, any finite number; 0 disables them. Default 1.</param>
    /// <param name="start">Fraction of the steps before images begin to act, at least 0. Default 0.</param>
    /// <param name="end">Fraction of the steps after which they stop, above <paramref name="start"/> and at most 1. Default 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is out of its range.</exception>
    public static DiffusionPipelineBuilder UseIpAdapter(
        this DiffusionPipelineBuilder builder, string file, string? imageEncoder = null, double scale = 1, double start = 0, double end = 1)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(file);
        if (imageEncoder is not null) ArgumentException.ThrowIfNullOrEmpty(imageEncoder);
        StepInterval.CheckArguments(scale, start, end);
        var weight = new IpAdapterWeight { Scale = scale, Start = start, End = end };
        return builder.Change(s => s.Features.Add(new IpAdapterChoice(file, imageEncoder, weight)));
    }
}
