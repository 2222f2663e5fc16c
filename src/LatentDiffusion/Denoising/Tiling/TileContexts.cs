using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>The inputs of decoding tiles as separate images: parts of the masked image, and of the noise of the whole.</summary>
internal sealed class TileContexts : IDisposable
{
    private readonly DecodingContext _whole;
    private readonly DecodingNoise? _sources;
    private readonly TileNoise[]? _noise;
    private readonly int _factor;

    /// <param name="whole">The inputs of the whole image.</param>
    /// <param name="drawsNoise">Whether the decoder draws noise.</param>
    /// <param name="latents">The latents of the whole image.</param>
    /// <param name="factor">Pixels to a latent pixel.</param>
    public TileContexts(DecodingContext whole, bool drawsNoise, Tensor latents, int factor)
    {
        (_whole, _factor) = (whole, factor);
        if (!drawsNoise) return;
        _sources = new DecodingNoise(whole.Noise, latents.shape[0]);
        _noise = [.. _sources.Each.Select(source => new TileNoise(source, latents.shape[2] * factor, latents.shape[3] * factor))];
    }

    /// <summary>The inputs of a tile. New tensors belong to the current dispose scope.</summary>
    public DecodingContext For(Tile tile) => new()
    {
        Image = _whole.Image is null ? null : tile.Slice(_whole.Image, _factor),
        Mask = _whole.Mask is null ? null : tile.Slice(_whole.Mask, _factor),
        Noise = _noise is null ? _whole.Noise : [.. _noise.Select(noise => noise.For(tile, _factor))],
    };

    public void Dispose()
    {
        foreach (TileNoise noise in _noise ?? []) noise.Dispose();
        _sources?.Dispose();
    }
}
