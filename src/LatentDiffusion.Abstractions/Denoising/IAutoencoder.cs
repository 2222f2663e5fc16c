using System.ComponentModel.DataAnnotations;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Pixels to latents and back. Owns scaling and shift: its latents are those the denoiser works on,
/// (z − shift)·scale of the network's z. Immutable and safe for concurrent use. Members with a default describe what an
/// autoencoder knows or can do beyond that; a wrapper passes on those that still hold for it.
/// </summary>
/// <example>
/// <code>
/// using LatentDiffusion;
/// using LatentDiffusion.Imaging;
/// using static TorchSharp.torch;
///
/// using IDisposable noGradient = no_grad();
/// SkiaImageCodec codec = new();
/// using DiffusionModel model = DiffusionModel.Open("models/stable-diffusion-v1-5");
/// using Tensor pixels = ImageTensor.FromImage(codec.Decode(File.ReadAllBytes("bird.png")));
/// using LatentDistribution latents = model.Autoencoder.Encode(pixels);
/// using Tensor decoded = model.Autoencoder.Decode(latents.Mean);
/// File.WriteAllBytes("reconstruction.png", codec.EncodePng(ImageTensor.ToImages(decoded)[0]));
/// </code>
/// </example>
public interface IAutoencoder : IOffloadable
{
    /// <summary>Number of latent channels.</summary>
    int LatentChannels { get; }

    /// <summary>How many pixels one latent spans in each direction, 8 for Stable Diffusion.</summary>
    int DownsamplingFactor { get; }

    /// <summary>Height and width in pixels of the images that it was trained on; null, the default, where that is not known.</summary>
    int? SampleSize => null;

    /// <summary>
    /// The factor that gives the network's latents unit variance, published as <c>scaling_factor</c>. A denoiser has to be
    /// trained with the same one. Null, the default, where that is not known or latents need no scaling.
    /// </summary>
    double? ScalingFactor => null;

    /// <summary>
    /// log₂ of the factor between the network's latents and these, as a mean over channels; null, the default, where that is
    /// not known.
    /// </summary>
    double? LatentScaleBits => null;

    /// <summary>The published preview of its latents; null, the default, if none was published.</summary>
    ILatentPreview? Preview => null;

    /// <summary>
    /// Identifies what its results depend on: weights and configuration. Caches of latents contain it in their key. Default
    /// the name of the type.
    /// </summary>
    string ContentKey => GetType().FullName!;

    /// <summary>Encodes images.</summary>
    /// <param name="images">Pixels in [−1, 1], [batch, 3, height, width]; height and width multiples of
    /// <see cref="DownsamplingFactor"/>.</param>
    /// <param name="cancellationToken">Checked before the first evaluation of a network, and between several parts of the work.</param>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default);

    /// <summary>Decodes latents.</summary>
    /// <param name="latents">[batch, <see cref="LatentChannels"/>, height, width] in latent pixels.</param>
    /// <param name="cancellationToken">Checked as in encoding.</param>
    /// <returns>Pixels, nominally in [−1, 1] and not clamped, [batch, 3, height·factor, width·factor].</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Tensor Decode(Tensor latents, CancellationToken cancellationToken = default);

    /// <summary>
    /// Whether decoding reads the image that is partly repainted (<see cref="DecodingContext.Image"/> and
    /// <see cref="DecodingContext.Mask"/>). Default false.
    /// </summary>
    bool ReadsMaskedImage => false;

    /// <summary>Whether decoding draws noise (<see cref="DecodingContext.Noise"/>). Default false.</summary>
    bool DrawsNoise => false;

    /// <summary>Decodes latents with additional inputs if the decoder reads any. The default ignores them.</summary>
    /// <param name="latents">[batch, <see cref="LatentChannels"/>, height, width] in latent pixels.</param>
    /// <param name="context">The inputs.</param>
    /// <param name="cancellationToken">Checked as in encoding.</param>
    /// <returns>Pixels, as without additional inputs.</returns>
    /// <exception cref="ArgumentException">An input has another shape than the decoded image.</exception>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    Tensor Decode(Tensor latents, DecodingContext context, CancellationToken cancellationToken) => Decode(latents, cancellationToken);

    /// <summary>
    /// An autoencoder over the same network that computes large images in tiles which agree with the whole image; null, the
    /// default, where each tile can only be computed as an image by itself.
    /// </summary>
    /// <param name="options">How to divide images.</param>
    /// <returns>An autoencoder that owns nothing; this autoencoder does not change.</returns>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    IAutoencoder? WithTiling(TilingOptions options) => null;

    /// <summary>An estimate of the memory in bytes that a call takes beyond the weights, rather too high than too low. Default 0.</summary>
    /// <param name="batch">Number of images that are computed at once.</param>
    /// <param name="pixels">Height times width of an image.</param>
    long WorkingBytes(long batch, long pixels) => 0;
}
