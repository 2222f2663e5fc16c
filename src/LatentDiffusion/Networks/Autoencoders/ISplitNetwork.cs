using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The network of an autoencoder in two parts: what is computed at the size of the latents, attention to the whole image
/// among it, and what is computed at larger sizes, which needs most of the memory and looks only at neighbours, except for its
/// normalisations.
/// </summary>
internal interface ISplitNetwork
{
    /// <summary>Height and width of the images that it was trained on; null where its configuration does not say.</summary>
    int? SampleSize { get; }

    /// <summary>Whether there are normalisations over the image in <see cref="Enlarge"/> or <see cref="Shrink"/>.</summary>
    bool NormalizesLargeMaps { get; }

    /// <summary>The first part of decoding.</summary>
    /// <param name="latents">Unscaled, [batch, latent channels, height, width].</param>
    /// <returns>A feature map and, where it modulates normalisations, another, both as large as the latents.</returns>
    (Tensor Features, Tensor? Modulation) DecodeAtLatents(Tensor latents);

    /// <summary>The second part of decoding, of the image or a tile of it.</summary>
    /// <returns>Pixels.</returns>
    Tensor Enlarge(Tensor features, NormalizationContext norms);

    /// <summary>The first part of encoding, of the image or a tile of it.</summary>
    /// <returns>A feature map as large as the latents.</returns>
    Tensor Shrink(Tensor images, NormalizationContext norms);

    /// <summary>The second part of encoding.</summary>
    /// <returns>Unscaled mean and log-variance of the latents, the latter null where they are a point.</returns>
    (Tensor Mean, Tensor? LogVariance) EncodeAtLatents(Tensor features);
}
