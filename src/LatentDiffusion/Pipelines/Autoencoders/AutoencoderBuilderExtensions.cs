using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Autoencoders from other files than the model's, for images and for previews.</summary>
public static class AutoencoderBuilderExtensions
{
    /// <summary>
    /// Encodes and decodes with an autoencoder in place of the model's, which the pipeline owns: a fine-tuned one (sd-vae-ft-mse,
    /// sdxl-vae-fp16-fix), a decoder for inpainting (asymmetric-autoencoder-kl), one that samples the image (consistency-decoder), or a
    /// tiny one (TAESD, TAESDXL, TAESD3, TAEF1, TAEF2).
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="path">
    /// A folder with its <c>config.json</c> and weights, a model folder with such a folder <c>vae</c>, or a single file; read when the
    /// pipeline is built. For a tiny autoencoder in two files, either file. A file that does not state the scale of its latents gets the
    /// model's.
    /// </param>
    /// <param name="precision">
    /// Type of its weights, in which it computes; null for float32 on the CPU and the file's own elsewhere.
    /// </param>
    /// <param name="variant">Variant of a folder's weights to prefer, for example <c>fp16</c>; null for the plain ones.</param>
    /// <param name="scalingFactor">
    /// Scale of the latents of an <see cref="AutoencoderKL"/> or <see cref="AsymmetricAutoencoderKL"/>, above 0; null for that of the
    /// file.
    /// </param>
    /// <exception cref="ArgumentException">The path is empty, or the scale is not above 0.</exception>
    /// <remarks>
    /// <see cref="DiffusionPipelineBuilder.Build(IServiceProvider?)"/> throws <see cref="InvalidOperationException"/> if the number of
    /// latent channels or the size of latents is not the model's.
    /// </remarks>
    public static DiffusionPipelineBuilder UseAutoencoder(
        this DiffusionPipelineBuilder builder, string path, ScalarType? precision = null, string? variant = null,
        double? scalingFactor = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (scalingFactor is { } scale && !(scale > 0 && double.IsFinite(scale)))
            throw new ArgumentOutOfRangeException(nameof(scalingFactor), scale, "A scale is a number above 0.");
        return builder.Change(s => s.Features.Set(new AutoencoderChoice(path, precision, variant, scalingFactor)));
    }

    /// <summary>
    /// Decodes previews at full size with a tiny autoencoder, which the pipeline owns: TAESD for Stable Diffusion 1 and 2, TAESDXL, TAESD3,
    /// TAEF1 for FLUX.1, Chroma and Z-Image, TAEF2 for FLUX.2. Images are decoded by the pipeline's autoencoder.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="path">
    /// A diffusers folder of <c>AutoencoderTiny</c>, or a file with its decoder (<c>taesd_decoder.safetensors</c>, <c>.pth</c>); read when
    /// the pipeline is built.
    /// </param>
    /// <param name="precision">
    /// Type of its weights, in which it computes; null for float32 on the CPU and the file's own elsewhere.
    /// </param>
    /// <exception cref="ArgumentException">The path is empty.</exception>
    /// <remarks>
    /// <see cref="DiffusionPipelineBuilder.Build(IServiceProvider?)"/> throws <see cref="InvalidOperationException"/> if it is for
    /// another number of latent channels than the model's.
    /// </remarks>
    public static DiffusionPipelineBuilder UsePreview(
        this DiffusionPipelineBuilder builder, string path, ScalarType? precision = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(path);
        return builder.Change(s => s.Features.Set(new PreviewChoice(path, precision)));
    }
}
