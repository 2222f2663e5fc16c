using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Features of the part of an image that stays, at several sizes. They take the place of the decoder's features there.
/// </summary>
/// <param name="features">
/// Each [1 or batch, channels, height, width]. Of several with the same shape, the last counts, as published.
/// </param>
/// <param name="mask">1 where the image is repainted and 0 where it stays, [1 or batch, 1, height, width].</param>
internal sealed class MaskedFeatures(IReadOnlyList<Tensor> features, Tensor mask)
{
    /// <summary>The features with the size of a map.</summary>
    /// <param name="channels">Channels of the map.</param>
    /// <param name="height">Its height.</param>
    /// <param name="width">Its width.</param>
    public Tensor At(long channels, long height, long width) =>
        features.Last(known => known.shape[1] == channels && known.shape[2] == height && known.shape[3] == width);

    /// <summary>A map with these features where the image stays, as a new tensor.</summary>
    /// <param name="map">[batch, channels, height, width].</param>
    public Tensor Restore(Tensor map)
    {
        using DisposeScope scope = NewDisposeScope();
        long[] shape = map.shape;
        Tensor repainted = nn.functional.interpolate(mask, [shape[2], shape[3]], mode: InterpolationMode.Nearest);
        Tensor kept = At(shape[1], shape[2], shape[3]) * repainted.SubtractFrom(1);
        return (map * repainted).AddInPlace(kept).MoveToOuterDisposeScope();
    }
}
