using static TorchSharp.torch;

namespace LatentDiffusion;

/// <content>A second model for the last steps.</content>
public sealed partial class DiffusionPipelineBuilder
{
    private RefinerChoice? _refiner;

    /// <summary>
    /// Lets a refiner make the last steps, where little noise is left (SDXL: Podell et al. 2023, section 2.5; as an ensemble
    /// of expert denoisers: Balaji et al. 2022, section 4). It has the model's scheduler, guidance and prompts, encoded by
    /// its own text encoder; ControlNets and LoRA are the model's alone. Not for models for inpainting.
    /// </summary>
    /// <remarks>
    /// The sampler's run goes on where the refiner takes over, and multistep samplers keep what they remember; diffusers'
    /// two pipelines (<c>denoising_end</c>, <c>denoising_start</c>) give the same with samplers of one step.
    /// </remarks>
    /// <param name="path">A model folder, or a single file with its tokenizer beside it; read when the pipeline is built. It computes where the model does.</param>
    /// <param name="start">How much of the training schedule is the model's, counted from pure noise: above 0 and below 1. Default 0.8.</param>
    /// <param name="precision">Type of its weights, in which it computes; null for float32 on the CPU and the files' own elsewhere.</param>
    /// <param name="variant">Variant of a folder's weights to prefer, for example <c>fp16</c>; null for the plain ones.</param>
    public DiffusionPipelineBuilder UseRefiner(string path, double start = 0.8, ScalarType? precision = null, string? variant = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!(start > 0 && start < 1)) throw new ArgumentOutOfRangeException(nameof(start), start, "The start is a share of the schedule, above 0 and below 1.");
        return Set(ref _refiner, new RefinerChoice(path, start, precision, variant));
    }

    private LoadedRefiner? Refiner(IDenoiser denoiser, IAutoencoder autoencoder, INoiseScheduler scheduler, Device device, CheckpointOptions reading)
    {
        if (_refiner is null) return null;
        LoadedRefiner refiner = LoadedRefiner.Open(_refiner, denoiser, autoencoder, scheduler, device, reading);
        try
        {
            return refiner with { TextEncoder = Prompting(refiner.TextEncoder) };
        }
        catch
        {
            refiner.Dispose();
            throw;
        }
    }
}
