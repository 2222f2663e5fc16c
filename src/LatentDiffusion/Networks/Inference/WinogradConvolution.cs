using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// 3×3 convolutions with 16 multiplications for four pixels in place of 36 (Lavin and Gray 2016, "Fast Algorithms for Convolutional
/// Neural Networks", F(2×2, 3×3)). Tiles of 4×4 pixels and the kernels are transformed by sums; products of their 16 values over all
/// channels are one 1×1 convolution in 16 groups.
/// </summary>
/// <remarks>
/// The sums round differently from those of the plain operator: by some 10⁻⁶ of the values. Transformed weights take 16/9 of the memory.
/// The plain ones cannot be recovered from them and are therefore kept.
/// </remarks>
internal static class WinogradConvolution
{
    /// <summary>Tiles from which products have one best layout of the weights, whatever their number.</summary>
    public const int LeastTiles = 64;

    // Fewer channels do not pay for the sums (one AVX-512 thread, 2·16² pixels: 64 channels 324 and 306 µs, 96: 699 and 520, 128: 1210
    // and 810; 2·32² pixels, 320 channels: 32 and 20 ms). Channels fill vectors.
    private const int LeastChannels = 96, ChannelsOfVector = 16;

    // Larger weights are transformed where the maps are large in comparison: their memory grows, and others compute little with them.
    private const long SmallWeight = 1 << 20, LargestWeight = 1 << 22;

    /// <summary>Whether it can suit a convolution with stride 1 and padding 1.</summary>
    /// <param name="weight">Shape of the weight, [out, in, 3, 3].</param>
    public static bool Suits(ReadOnlySpan<long> weight) =>
        weight is [var outChannels, var inChannels, 3, 3]
        && Math.Min(inChannels, outChannels) >= LeastChannels && 9 * inChannels * outChannels <= LargestWeight
        && inChannels % ChannelsOfVector == 0 && outChannels % ChannelsOfVector == 0;

    /// <summary>Whether it suits such a convolution of a map. The number of samples does not matter.</summary>
    /// <param name="weight">Shape of a weight that it can suit.</param>
    /// <param name="map">Shape of the input, [batch, in, height, width].</param>
    public static bool Suits(ReadOnlySpan<long> weight, ReadOnlySpan<long> map)
    {
        (long height, long width, long pixels) = (map[2], map[3], map[2] * map[3]);
        return height % 2 == 0 && width % 2 == 0 && pixels >= 4 * LeastTiles
            && (9 * weight[0] * weight[1] <= SmallWeight || pixels > 2 * Math.Min(weight[0], weight[1]));
    }

    /// <summary>The transformed weight, packed.</summary>
    /// <param name="weight">[out, in, 3, 3].</param>
    /// <param name="input">A map, whose size the layout may depend on.</param>
    public static Tensor Pack(Tensor weight, Tensor input)
    {
        using Tensor kernels = Transform(weight);
        return CpuOperators.PackWinograd(kernels, input);
    }

    /// <summary>GgGᵀ of each kernel g.</summary>
    /// <param name="weight">[out, in, 3, 3].</param>
    /// <returns>[16·out, in, 1, 1]: the 16 values along columns and then rows, of all channels.</returns>
    public static Tensor Transform(Tensor weight)
    {
        using DisposeScope scope = NewDisposeScope();
        return cat([.. FourOfThree(weight, 3).SelectMany(column => FourOfThree(column, 2))]).MoveToOuterDisposeScope();
    }

    private static Tensor[] FourOfThree(Tensor weight, int dimension)
    {
        Tensor[] w = weight.split(1, dimension);
        Tensor outer = w[0].Add(w[2]).Multiply(0.5), middle = w[1].Multiply(0.5);
        return [w[0], outer.Add(middle), outer.Add(middle, -1), w[2]];
    }
}
