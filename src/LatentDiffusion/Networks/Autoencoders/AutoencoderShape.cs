using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Settings shared by the blocks of one half of an autoencoder.</summary>
/// <param name="Layers">Makes the layers.</param>
/// <param name="Groups">Groups of the normalisations.</param>
/// <param name="Activation">Name of the activation.</param>
/// <param name="LatentChannels">Channels of the latents that modulate the normalisations; null for plain ones.</param>
internal sealed record AutoencoderShape(LayerFactory Layers, int Groups, string Activation, int? LatentChannels = null)
{
    /// <summary>Epsilon of all normalisations; the published networks have no option for it.</summary>
    private const double Eps = 1e-6;

    public nn.Module Norm(int channels) =>
        LatentChannels is { } latents ? new SpatialNorm(Layers, channels, latents) : Layers.GroupNorm(Groups, channels, Eps);

    /// <summary>Runs the normalisation from <see cref="Norm"/>.</summary>
    public static Tensor Normalize(nn.Module norm, Tensor input, NormalizationContext? inputs) =>
        norm is SpatialNorm spatial
            ? spatial.call(input, inputs!)
            : GlobalNormStatistics.Normalize((GroupNormLayer)norm, input, inputs?.Statistics);

    /// <summary>Self-attention with a single head.</summary>
    public PixelAttention Attention(int channels) => new(Layers, channels, channels, Groups, Eps, LatentChannels);
}
