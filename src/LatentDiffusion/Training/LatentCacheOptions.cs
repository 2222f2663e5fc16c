using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Logging;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Contents of a <see cref="LatentCache"/>.</summary>
public sealed record LatentCacheOptions
{
    /// <summary>
    /// Whether the standard deviations are kept with the means, so that latents can be drawn from the posterior. Default false.
    /// </summary>
    public bool Posterior { get; init; }

    /// <summary>
    /// Variants of each image (crops, mirrored or not), from 1 to 4096. More than one needs a source with
    /// <see cref="ICaptionedImageSource.HasVariants"/>. Default 1.
    /// </summary>
    [Range(1, 4096)]
    public int Variants { get; init; } = 1;

    /// <summary>
    /// Whether the numbers about each image's size are kept that models of the SDXL family receive: of images that
    /// have an <see cref="CaptionedImage.Origin"/> the original's size and the crop, of others their own size. Default false.
    /// </summary>
    public bool Sizes { get; init; }

    /// <summary>
    /// The tokenizer of a second text tower (SDXL), whose token ids are kept next to the first's: the towers are padded
    /// with different tokens. Default null.
    /// </summary>
    public ITokenizer? SecondTokenizer { get; init; }

    /// <summary>Type of the stored latents: float16 (the default), bfloat16 or float32.</summary>
    [AllowedValues(ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32)]
    public ScalarType Type { get; init; } = ScalarType.Float16;

    /// <summary>
    /// Images encoded at a time, from 1 to 1024. Default 4: activations that stay in a processor's cache are several
    /// times as fast as larger batches; a graphics card takes more.
    /// </summary>
    [Range(1, 1024)]
    public int BatchSize { get; init; } = 4;

    /// <summary>Receives which rows were damaged, and how many captions are truncated; null (the default) for none.</summary>
    public ILogger? Logger { get; init; }

    /// <summary>
    /// Where an <see cref="IAutoencoder"/> takes its images; null for the CPU. Networks are asked where they are instead.
    /// </summary>
    public Device? Device { get; init; }

    /// <summary>
    /// Processes that compute the cache together: all open the same path with the same images. Process 0 writes the file, in a folder
    /// that all their machines share. Null, the default, for one process.
    /// </summary>
    public IProcessGroup? Processes { get; init; }
}
