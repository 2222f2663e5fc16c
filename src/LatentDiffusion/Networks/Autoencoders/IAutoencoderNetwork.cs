using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The network of an autoencoder, as a whole and in two parts: what is computed at the size of its latents, attention to the whole image
/// among it, and what is computed at larger sizes, which needs most of the memory and looks only at neighbours, except for its
/// normalisations. Its latents z become the denoiser's by <see cref="AutoencoderDescription.Latents"/>.
/// </summary>
internal interface IAutoencoderNetwork
{
    /// <summary>Whether its configuration says that half precision overflows in it.</summary>
    bool OverflowsInHalf { get; }

    /// <summary>What its configuration says of its latents and its work.</summary>
    /// <param name="scalingFactor">Scale of the latents in place of the configuration's; null for that.</param>
    /// <exception cref="ArgumentException">
    /// A scale is given, and the network has its own; or the configuration contradicts itself.
    /// </exception>
    /// <exception cref="NotSupportedException">The configuration rules out that its latents are denoised.</exception>
    AutoencoderDescription Describe(double? scalingFactor = null);

    /// <summary>The whole of encoding.</summary>
    /// <param name="images">Pixels in [−1, 1], [batch, 3, height, width].</param>
    /// <returns>Mean and log-variance of the latents z, the latter null where they are a point.</returns>
    (Tensor Mean, Tensor? LogVariance) Encode(Tensor images);

    /// <summary>The whole of decoding.</summary>
    /// <param name="latents">z, [batch, channels, height, width].</param>
    Tensor Decode(Tensor latents);

    /// <inheritdoc cref="IAutoencoder.ReadsMaskedImage"/>
    bool ReadsMaskedImage => false;

    /// <inheritdoc cref="IAutoencoder.DrawsNoise"/>
    bool DrawsNoise => false;

    /// <summary>Decodes with additional inputs if the network reads any.</summary>
    /// <param name="latents">z, [batch, channels, height, width].</param>
    /// <param name="context">The inputs.</param>
    /// <param name="cancellationToken">Checked between evaluations, where there are several.</param>
    Tensor Decode(Tensor latents, DecodingContext context, CancellationToken cancellationToken) => Decode(latents);

    /// <summary>Whether decoding has the two parts; otherwise a tile can only be decoded as an image by itself.</summary>
    bool DecodesInParts => true;

    /// <summary>Whether <see cref="Enlarge"/> or <see cref="Shrink"/> normalise over the image.</summary>
    bool NormalizesLargeMaps { get; }

    /// <summary>The first part of decoding.</summary>
    /// <param name="latents">Unscaled, [batch, latent channels, height, width].</param>
    /// <returns>A feature map and, where it modulates normalisations, another, both as large as the latents.</returns>
    (Tensor Features, Tensor? Modulation) DecodeAtLatents(Tensor latents) => throw new NotSupportedException();

    /// <summary>The second part of decoding, of the image or a tile of it.</summary>
    /// <returns>Pixels.</returns>
    Tensor Enlarge(Tensor features, NormalizationContext norms) => throw new NotSupportedException();

    /// <summary>Where it reads a masked image: the features of it, or of a tile of it, at the size of the latents.</summary>
    Tensor EncodeMasked(MaskedImage image) => throw new NotSupportedException();

    /// <summary><see cref="DecodeAtLatents"/> with the features of a masked image.</summary>
    /// <param name="latents">Unscaled, [batch, latent channels, height, width].</param>
    /// <param name="masked">Those of <see cref="EncodeMasked"/>.</param>
    /// <param name="mask">1 where the image is repainted, [1 or batch, 1, height, width], at any size.</param>
    Tensor DecodeMaskedAtLatents(Tensor latents, Tensor masked, Tensor mask) => throw new NotSupportedException();

    /// <summary><see cref="Enlarge"/> with a masked image, or a tile of it.</summary>
    Tensor EnlargeMasked(Tensor features, NormalizationContext norms, MaskedImage image) => throw new NotSupportedException();

    /// <summary>The first part of encoding, of the image or a tile of it.</summary>
    /// <returns>A feature map as large as the latents.</returns>
    Tensor Shrink(Tensor images, NormalizationContext norms);

    /// <summary>The second part of encoding.</summary>
    /// <returns>Unscaled mean and log-variance of the latents, the latter null where they are a point.</returns>
    (Tensor Mean, Tensor? LogVariance) EncodeAtLatents(Tensor features);
}
