using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// A convolution of images with a square kernel, padded with zeros. Replaces TorchSharp's for the same reasons as
/// <see cref="LinearLayer"/>.
/// </summary>
internal sealed class Conv2dLayer : PackedLayer
{
    [ComponentName(Name = "weight")] private readonly Parameter _weight;
    [ComponentName(Name = "bias")] private readonly Parameter? _bias;
    private readonly long[] _strides, _paddings;
    private readonly PackedWeight _packed;

    /// <param name="weight">[out, in, kernel, kernel]; owned by the layer.</param>
    /// <param name="bias">[out]; owned by the layer; null for none.</param>
    /// <param name="stride">Step between evaluations, in pixels.</param>
    /// <param name="padding">Zeros added at each side, in pixels.</param>
    public Conv2dLayer(Parameter weight, Parameter? bias, long stride, long padding) : base(nameof(Conv2dLayer))
    {
        (_weight, _bias, Stride, Padding) = (weight, bias, stride, padding);
        (_strides, _paddings) = ([stride, stride], [padding, padding]);
        _packed = new PackedWeight((plain, input) => CpuOperators.PackConvolution(plain, input, stride, padding));
        RegisterComponents();
    }

    public override Parameter Weight => _weight;

    /// <summary>Step between evaluations, in pixels.</summary>
    public long Stride { get; }

    /// <summary>Zeros added at each side, in pixels.</summary>
    public long Padding { get; }

    private bool UsesPacked => IsPacked && CpuOperators.Supports(Stride, Padding);

    /// <param name="input">[batch, in, height, width].</param>
    public override Tensor forward(Tensor input)
    {
        if (!UsesPacked) return nn.functional.conv2d(input, _weight, _bias, _strides, _paddings);
        using Tensor map = CpuOperators.ToChannelsLast(input);
        using SharedTensors.Use packed = _packed.For(_weight, map);
        return CpuOperators.Convolve(map, packed.Tensors[0], _bias, Stride, Padding);
    }

    /// <summary>The convolution, added to what is computed after it.</summary>
    /// <param name="residual">Gives a tensor of the output's shape, which stays the caller's.</param>
    /// <param name="input">[batch, in, height, width].</param>
    public Tensor AddTo(Func<Tensor> residual, Tensor input)
    {
        if (!UsesPacked) return call(input).Into(x => residual().Add(x));
        Tensor other = residual();
        using Tensor map = CpuOperators.ToChannelsLast(input), summand = CpuOperators.ToChannelsLast(other);
        using SharedTensors.Use packed = _packed.For(_weight, map);
        return CpuOperators.ConvolveAdd(map, packed.Tensors[0], _bias, summand, Stride, Padding);
    }

    public override void Unpack() => _packed.Unpack(_weight);

    protected override void Dispose(bool disposing)
    {
        if (disposing) _packed.Dispose();
        base.Dispose(disposing);
    }
}
