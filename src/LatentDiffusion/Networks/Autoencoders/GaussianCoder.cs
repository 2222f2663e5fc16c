using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Computations of autoencoders with a Gaussian over their latents. The layers belong to the network.</summary>
/// <param name="encoder">Pixels to moments.</param>
/// <param name="decoder">Latents to pixels.</param>
/// <param name="quantConv">A 1×1 convolution of the moments; null for none.</param>
/// <param name="postQuantConv">A 1×1 convolution of the latents; null for none.</param>
internal sealed class GaussianCoder(
    AutoencoderEncoder encoder, AutoencoderDecoder decoder, Conv2dLayer? quantConv, Conv2dLayer? postQuantConv)
{
    // The published bounds of the log-variance; they keep exp() finite.
    private const double MinimumLogVariance = -30, MaximumLogVariance = 20;

    public (Tensor Mean, Tensor LogVariance) Encode(Tensor images)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor mean, Tensor logVariance) = Moments(encoder.call(images), quantConv);
        return scope.MoveToOuter(mean, logVariance);
    }

    public Tensor Decode(Tensor latents) =>
        postQuantConv is null ? decoder.call(latents, null) : postQuantConv.call(latents).Into(x => decoder.call(x, null));

    public Tensor DecodeAtLatents(Tensor latents, MaskedFeatures? masked = null) => postQuantConv is null
        ? decoder.AtLatents(latents, null, masked)
        : postQuantConv.call(latents).Into(x => decoder.AtLatents(x, null, masked));

    public Tensor Enlarge(Tensor features, NormalizationContext norms) => decoder.Enlarge(features, norms);

    public Tensor Shrink(Tensor images, NormalizationContext norms) => encoder.Shrink(images, norms);

    public (Tensor Mean, Tensor? LogVariance) EncodeAtLatents(Tensor features)
    {
        using DisposeScope scope = NewDisposeScope();
        (Tensor mean, Tensor logVariance) = Moments(encoder.AtLatents(features), quantConv);
        return scope.MoveToOuter(mean, logVariance);
    }

    /// <summary>Mean and log-variance of encoded images, in the current dispose scope.</summary>
    /// <param name="encoded">[batch, 2 · latent channels, height, width].</param>
    /// <param name="quantConv">A 1×1 convolution of the moments; null for none.</param>
    public static (Tensor Mean, Tensor LogVariance) Moments(Tensor encoded, Conv2dLayer? quantConv)
    {
        Tensor[] parts = (quantConv is null ? encoded : quantConv.call(encoded)).chunk(2, 1);
        return (parts[0], parts[1].Clamp(MinimumLogVariance, MaximumLogVariance));
    }
}
