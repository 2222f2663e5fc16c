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
    private readonly PackedWeight? _packedPhases;

    /// <param name="weight">[out, in, kernel, kernel]; owned by the layer.</param>
    /// <param name="bias">[out]; owned by the layer; null for none.</param>
    /// <param name="stride">Step between evaluations, in pixels.</param>
    /// <param name="padding">Zeros added at each side, in pixels.</param>
    /// <param name="doubles">Whether the layer is evaluated by <see cref="OfDoubled"/> as well.</param>
    public Conv2dLayer(Parameter weight, Parameter? bias, long stride, long padding, bool doubles = false) : base(nameof(Conv2dLayer))
    {
        (_weight, _bias, Stride, Padding) = (weight, bias, stride, padding);
        (_strides, _paddings) = ([stride, stride], [padding, padding]);
        _packed = new PackedWeight((plain, input) => CpuOperators.PackConvolution(plain, input, stride, padding), keepsValues: doubles);
        if (doubles) _packedPhases = new PackedWeight(DoublingPhases.Pack, keepsValues: true);
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
        // The fused operator asks for the same layout, which maps of one pixel or one channel do not tell.
        if (IsAmbiguous(input) || IsAmbiguous(other)) return call(input).Into(x => other.Add(x));
        using Tensor map = CpuOperators.ToChannelsLast(input), summand = CpuOperators.ToChannelsLast(other);
        using SharedTensors.Use packed = _packed.For(_weight, map);
        return CpuOperators.ConvolveAdd(map, packed.Tensors[0], _bias, summand, Stride, Padding);
    }

    /// <summary>The convolution of a map whose pixels are doubled both ways.</summary>
    /// <param name="input">[batch, in, height, width].</param>
    /// <returns>[batch, out, 2·height, 2·width].</returns>
    public Tensor OfDoubled(Tensor input)
    {
        long height = input.shape[2], width = input.shape[3];
        if (!UsesPacked || _packedPhases is null || !DoublingPhases.Save(height, width))
            return nn.functional.interpolate(input, [2 * height, 2 * width], mode: InterpolationMode.Nearest).Into(call);
        using Tensor map = CpuOperators.ToChannelsLast(input);
        using SharedTensors.Use packed = _packedPhases.For(_weight, map);
        return DoublingPhases.Convolve(map, packed.Tensors[0], _bias);
    }

    public override void Unpack()
    {
        _packed.Unpack(_weight);
        _packedPhases?.Unpack(_weight);
    }

    private static bool IsAmbiguous(Tensor map) => map.shape is [_, 1, _, _] or [_, _, 1, 1];

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _packed.Dispose();
            _packedPhases?.Dispose();
        }

        base.Dispose(disposing);
    }
}
