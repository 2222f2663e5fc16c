using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// A convolution of images with a square kernel, padded with zeros. Replaces TorchSharp's for the same reasons as
/// <see cref="LinearLayer"/>.
/// </summary>
internal sealed class Conv2dLayer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;
    [ComponentName(Name = "bias")] private readonly Parameter? _bias;
    private readonly long[] _strides, _paddings;

    /// <param name="weight">[out, in, kernel, kernel]; owned by the layer.</param>
    /// <param name="bias">[out]; owned by the layer; null for none.</param>
    /// <param name="stride">Step between evaluations, in pixels.</param>
    /// <param name="padding">Zeros added at each side, in pixels.</param>
    public Conv2dLayer(Parameter weight, Parameter? bias, long stride, long padding) : base(NativeModule.Create(nameof(Conv2dLayer)), 0)
    {
        (_weight, _bias, Stride, Padding) = (weight, bias, stride, padding);
        (_strides, _paddings) = ([stride, stride], [padding, padding]);
        RegisterComponents();
    }

    /// <summary>Step between evaluations, in pixels.</summary>
    public long Stride { get; }

    /// <summary>Zeros added at each side, in pixels.</summary>
    public long Padding { get; }

    /// <param name="input">[batch, in, height, width].</param>
    public override Tensor forward(Tensor input) => nn.functional.conv2d(input, _weight, _bias, _strides, _paddings);
}
