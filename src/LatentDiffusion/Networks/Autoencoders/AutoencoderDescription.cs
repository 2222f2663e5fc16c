namespace LatentDiffusion.Networks;

/// <summary>What the configuration of an autoencoder's network says to those who use it.</summary>
/// <param name="Config">The configuration.</param>
/// <param name="Latents">How its latents become the denoiser's.</param>
/// <param name="ValuesPerPixel">Values that decoding holds at once, to a pixel of the image.</param>
internal sealed record AutoencoderDescription(NetworkConfig Config, LatentLayout Latents, long ValuesPerPixel)
{
    /// <inheritdoc cref="IAutoencoder.SampleSize"/>
    public int? SampleSize { get; init; }

    /// <inheritdoc cref="IAutoencoder.ScalingFactor"/>
    public double? ScalingFactor { get; init; }

    /// <inheritdoc cref="IAutoencoder.Preview"/>
    public ILatentPreview? Preview { get; init; }

    /// <summary>Values to a pixel in the last block, which begins with the channels of the one before, at the size of the image.</summary>
    /// <param name="channels">Channels at each resolution, from the highest.</param>
    public static long ValuesOfLastBlock(IReadOnlyList<int> channels) => 2L * channels[Math.Min(1, channels.Count - 1)] + channels[0];
}
