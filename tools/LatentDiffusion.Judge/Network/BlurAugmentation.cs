using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>
/// Makes training drawings as imperfect as generated images: wavy outlines, soft edges, stains on plain areas. The judge
/// should recognize what is drawn, not how cleanly.
/// </summary>
internal static class BlurAugmentation
{
    // In halves of the image's side: 0.06 is 4 of 128 pixels.
    private const double Shift = 0.06, Zoom = 0.05, Waver = 0.03;
    private const double SharpFraction = 0.4, SoftFraction = 0.75, Stain = 0.12, Grain = 0.1;
    private const int WaverCells = 6, StainCells = 16;

    /// <summary>Changes every image at random.</summary>
    /// <param name="pixels">Pixels in [-1, 1], [batch, 3, height, width].</param>
    /// <param name="generator">Source of the random numbers.</param>
    public static Tensor Apply(Tensor pixels, Generator generator)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor smeared = Softened(Wavering(pixels, generator), generator);
        (long batch, long height, long width) = (pixels.shape[0], pixels.shape[2], pixels.shape[3]);
        Tensor stains = Enlarged(randn([batch, 3, StainCells, StainCells], generator: generator), height, width);
        smeared = smeared + Amount(Stain) * stains + Amount(Grain) * randn(pixels.shape, generator: generator);
        return smeared.clamp(-1, 1).MoveToOuterDisposeScope();

        Tensor Amount(double largest) => largest * rand([batch, 1, 1, 1], generator: generator);
    }

    private static Tensor Wavering(Tensor pixels, Generator generator)
    {
        (long batch, long height, long width) = (pixels.shape[0], pixels.shape[2], pixels.shape[3]);
        Tensor zoom = 1 + Zoom * (2 * rand([batch, 1, 1], generator: generator) - 1);
        Tensor shift = Shift * (2 * rand([batch, 2, 1], generator: generator) - 1);
        Tensor places = nn.functional.affine_grid(cat([zoom * eye(2), shift], 2), pixels.shape, align_corners: false);
        Tensor waves = Enlarged(randn([batch, 2, WaverCells, WaverCells], generator: generator), height, width).permute(0, 2, 3, 1);
        places = places + Waver * rand([batch, 1, 1, 1], generator: generator) * waves;
        return nn.functional.grid_sample(pixels, places, padding_mode: GridSamplePaddingMode.Border, align_corners: false);
    }

    private static Tensor Softened(Tensor pixels, Generator generator)
    {
        Tensor draw = rand([pixels.shape[0], 1, 1, 1], generator: generator);
        Tensor soft = Mean(pixels);
        return where(draw.less(SharpFraction), pixels, where(draw.less(SoftFraction), soft, Mean(soft)));
    }

    private static Tensor Mean(Tensor pixels) =>
        nn.functional.avg_pool2d(pixels, 3, stride: 1, padding: 1, count_include_pad: false);

    private static Tensor Enlarged(Tensor cells, long height, long width) =>
        nn.functional.interpolate(cells, [height, width], mode: InterpolationMode.Bicubic, align_corners: false);
}
