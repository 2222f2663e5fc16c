using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Judge;

/// <summary>
/// Makes drawings in training as imperfect as generated pictures are: outlines waver, edges are soft, plain areas have
/// stains. The judge is to read what is drawn, not how cleanly.
/// </summary>
internal static class BlurAugmentation
{
    // In halves of the picture's side: 0.06 are four of 128 pixels.
    private const double Shift = 0.06, Zoom = 0.05, Waver = 0.03;
    private const double SharpShare = 0.4, SoftShare = 0.75, Stain = 0.12, Grain = 0.1;
    private const int WaverCells = 6, StainCells = 16;

    /// <summary>Every picture in its own way.</summary>
    /// <param name="pixels">Pixels in [-1, 1], [batch, 3, height, width].</param>
    /// <param name="generator">What the ways are drawn from.</param>
    public static Tensor Of(Tensor pixels, Generator generator)
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
        return where(draw.less(SharpShare), pixels, where(draw.less(SoftShare), soft, Mean(soft)));
    }

    private static Tensor Mean(Tensor pixels) => nn.functional.avg_pool2d(pixels, 3, stride: 1, padding: 1, count_include_pad: false);

    private static Tensor Enlarged(Tensor cells, long height, long width) =>
        nn.functional.interpolate(cells, [height, width], mode: InterpolationMode.Bicubic, align_corners: false);
}
