using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A second model for the last steps of a pipeline.</summary>
public static class RefinerBuilderExtensions
{
    /// <summary>
    /// Lets a refiner make the last steps, where little noise is left (SDXL: Podell et al. 2023, section 2.5; as an ensemble of expert
    /// denoisers: Balaji et al. 2022, section 4). It has the model's scheduler, guidance and prompts, encoded by its own text encoder;
    /// ControlNets and LoRA are only the model's. Not for inpainting models.
    /// </summary>
    /// <remarks>
    /// The sampler's run continues where the refiner takes over, and multistep samplers keep their history; diffusers' two pipelines
    /// (<c>denoising_end</c>, <c>denoising_start</c>) give the same with samplers of one step.
    /// </remarks>
    /// <param name="builder">The builder.</param>
    /// <param name="path">
    /// A model folder, or a single file with its tokenizer next to it; read when the pipeline is built. It computes where the model does.
    /// </param>
    /// <param name="start">
    /// How much of the training schedule is the model's, counted from pure noise: above 0 and below 1. Default 0.8.
    /// </param>
    /// <param name="precision">
    /// Type of its weights, in which it computes; null for float32 on the CPU and the files' own elsewhere.
    /// </param>
    /// <param name="variant">Variant of a folder's weights to prefer, for example <c>fp16</c>; null for the plain ones.</param>
    public static DiffusionPipelineBuilder UseRefiner(
        this DiffusionPipelineBuilder builder, string path, double start = 0.8, ScalarType? precision = null, string? variant = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!(start > 0 && start < 1))
            throw new ArgumentOutOfRangeException(nameof(start), start, "The start is a fraction of the schedule, above 0 and below 1.");
        return builder.Change(s => s.Features.Set(new RefinerChoice(path, start, precision, variant)));
    }
}
