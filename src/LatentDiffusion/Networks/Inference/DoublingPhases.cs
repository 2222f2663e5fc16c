using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// A 3×3 convolution of a map whose pixels are doubled both ways, without the doubled map: of each 2×2 pixels of the output,
/// every one is a 2×2 convolution of the input, because neighbours in the doubled map are the same pixel. That takes 16
/// multiplications in place of 36.
/// </summary>
internal static class DoublingPhases
{
    private const long Stride = 1, Padding = 1;

    /// <summary>Whether it saves work: the 2×2 convolutions are computed for one row and column more than the input has.</summary>
    public static bool Save(long height, long width) => 4 * (height + 1) * (width + 1) < 9 * height * width;

    /// <summary>The four 2×2 kernels one after the other, packed for an input.</summary>
    /// <param name="weight">[out, in, 3, 3].</param>
    /// <param name="input">[batch, in, height, width].</param>
    public static Tensor Pack(Tensor weight, Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor phases = cat([.. Pairs(weight, 2).SelectMany(rows => Pairs(rows, 3))]);
        return CpuOperators.PackConvolution(phases, input, Stride, Padding).MoveToOuterDisposeScope();
    }

    /// <summary>Convolves.</summary>
    /// <param name="map">[batch, in, height, width], channels-last.</param>
    /// <param name="packed">The result of <see cref="Pack"/>.</param>
    /// <param name="bias">[out]; null for none.</param>
    /// <returns>[batch, out, 2·height, 2·width], channels-last.</returns>
    public static Tensor Convolve(Tensor map, Tensor packed, Tensor? bias)
    {
        using DisposeScope scope = NewDisposeScope();
        long batch = map.shape[0], height = map.shape[2], width = map.shape[3];
        Tensor all = CpuOperators.Convolve(map, packed, bias?.repeat(4), Stride, Padding).permute(0, 2, 3, 1);
        long channels = all.shape[3] / 4;
        Tensor output = empty([batch, height, 2, width, 2, channels], map.dtype);
        for (int phase = 0; phase < 4; phase++)
        {
            (long row, long column) = (phase / 2, phase % 2);
            Tensor own = all.narrow(1, row, height).narrow(2, column, width).narrow(3, phase * channels, channels);
            output.select(4, column).select(2, row).copy_(own);
        }

        return output.view(batch, 2 * height, 2 * width, channels).permute(0, 3, 1, 2).MoveToOuterDisposeScope();
    }

    /// <summary>The kernels of an even and an odd row or column: one of three weights has a separate pixel and two share one.</summary>
    private static Tensor[] Pairs(Tensor weight, int dimension)
    {
        Tensor[] w = weight.split(1, dimension);
        return [cat([w[0], w[1].Add(w[2])], dimension), cat([w[0].Add(w[1]), w[2]], dimension)];
    }
}
