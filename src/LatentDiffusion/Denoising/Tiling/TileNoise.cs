using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>The noise of a whole image for a decoder that sees its tiles: neighbours have the same noise where they overlap.</summary>
/// <param name="source">The noise of the image, drawn in the size of the whole.</param>
/// <param name="height">Height of the image in pixels.</param>
/// <param name="width">Its width.</param>
internal sealed class TileNoise(INoiseSource source, long height, long width) : IDisposable
{
    private readonly List<Tensor> _drawn = [];

    /// <summary>The noise of a tile, from its first draw on.</summary>
    /// <param name="tile">The tile.</param>
    /// <param name="factor">Pixels to a latent pixel.</param>
    public INoiseSource For(Tile tile, int factor) => new Part(this, tile, factor);

    public void Dispose()
    {
        foreach (Tensor drawn in _drawn) drawn.Dispose();
        _drawn.Clear();
    }

    private Tensor Draw(int index, Tensor like)
    {
        if (index < _drawn.Count) return _drawn[index];
        using Tensor whole = empty([1, like.shape[1], height, width], like.dtype, like.device);
        Tensor drawn = source.NextLike(whole).DetachFromDisposeScope();
        _drawn.Add(drawn);
        return drawn;
    }

    private sealed class Part(TileNoise noise, Tile tile, int factor) : INoiseSource
    {
        private int _next;

        public Tensor NextLike(Tensor like) => tile.Slice(noise.Draw(_next++, like), factor).Into(part => part.clone());
    }
}
