using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The small network of Real-ESRGAN (Wang et al. 2021; realesr-general-x4v3, realesr-animevideov3): a row of convolutions with learned
/// slopes at the size of the image, whose last one gives a square of pixels for each pixel; the image with repeated pixels is added.
/// Parameter names are the published ones.
/// </summary>
internal sealed class SRVGGNetCompact : UpscalingNetwork
{
    private const int Colors = 3;

    // The published indices: convolutions are even, activations odd.
    [ComponentName(Name = "body")] private readonly IndexedLayers _body = new();
    private readonly long _features;

    /// <param name="features">Channels of the feature maps; 64 in published networks.</param>
    /// <param name="convolutions">Convolutions between the first and the last: 32 or 16.</param>
    /// <param name="scale">How many times larger the result is.</param>
    /// <param name="layers">Makes the layers.</param>
    public SRVGGNetCompact(long features, int convolutions, int scale, LayerFactory layers) : base(nameof(SRVGGNetCompact))
    {
        (_features, Scale) = (features, scale);
        for (int i = 0; i <= convolutions; i++)
        {
            _body.Add(layers.Conv2d(i == 0 ? Colors : features, features, 3, padding: 1));
            _body.Add(layers.PRelu(features));
        }

        _body.Add(layers.Conv2d(features, (long)Colors * scale * scale, 3, padding: 1));
        RegisterComponents();
    }

    public override int Scale { get; }

    public override int SizeMultiple => 1;

    // Features before and after an activation, or three maps at the size of the result.
    public override long ValuesPerPixel => Math.Max(3 * _features, 3L * Colors * Scale * Scale);

    public override Tensor forward(Tensor images)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor details = _body.call(images).Into(x => nn.functional.pixel_shuffle(x, Scale));
        long[] size = [images.shape[2] * Scale, images.shape[3] * Scale];
        return nn.functional.interpolate(images, size, mode: InterpolationMode.Nearest).Plus(details).MoveToOuterDisposeScope();
    }
}
