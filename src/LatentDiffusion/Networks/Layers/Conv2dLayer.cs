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
    // Asking libtorch for the weight's shape takes a call each time.
    private readonly long[] _shape, _strides, _paddings;
    private readonly PackedWeight _packed;
    private readonly PackedWeight? _packedPhases, _packedWinograd;

    /// <param name="weight">[out, in, kernel, kernel]; owned by the layer.</param>
    /// <param name="bias">[out]; owned by the layer; null for none.</param>
    /// <param name="stride">Step between evaluations, in pixels.</param>
    /// <param name="padding">Zeros added at each side, in pixels.</param>
    /// <param name="doubles">Whether the layer is evaluated by <see cref="ConvolveDoubled"/> as well.</param>
    public Conv2dLayer(Parameter weight, Parameter? bias, long stride, long padding, bool doubles = false) : base(nameof(Conv2dLayer))
    {
        (_weight, _bias, Stride, Padding) = (weight, bias, stride, padding);
        (_shape, _strides, _paddings) = (weight.shape, [stride, stride], [padding, padding]);
        _packed = new PackedWeight((plain, input) => CpuOperators.PackConvolution(plain, input, stride, padding), keepsValues: doubles);
        if (doubles) _packedPhases = new PackedWeight(DoublingPhases.Pack, keepsValues: true);
        else if ((stride, padding) == (1, 1) && bias is not null && WinogradConvolution.Suits(_shape))
            _packedWinograd = new PackedWeight(WinogradConvolution.Pack, keepsValues: true);
        RegisterComponents();
    }

    public override Parameter Weight => _weight;

    /// <summary>[out]; null for none.</summary>
    public Tensor? Bias => _bias;

    /// <summary>Step between evaluations, in pixels.</summary>
    public long Stride { get; }

    /// <summary>Zeros added at each side, in pixels.</summary>
    public long Padding { get; }

    private bool UsesPacked => IsPacked && CpuOperators.Supports(Stride, Padding);

    /// <summary>
    /// Whether a method of several layers may compute the layer with <see cref="Pack"/>, for maps of this size. The fused operators need
    /// layouts that maps of one pixel or one channel do not determine.
    /// </summary>
    public bool FusesWith(Tensor map) =>
        UsesPacked && !HasHooks && _bias is not null && _shape is [> 1, > 1, ..] && map.shape is not [_, _, 1, 1];

    /// <summary>The packed weight for maps of a batch, height and width, to be disposed after use.</summary>
    public SharedTensors.Use Pack(Tensor map)
    {
        if (!UsesWinograd(map)) return _packed.For(_weight, map);
        _packed.KeepValues(_weight);
        return _packedWinograd!.For(_weight, map);
    }

    /// <param name="input">[batch, in, height, width].</param>
    public override Tensor forward(Tensor input)
    {
        if (!UsesPacked) return nn.functional.conv2d(input, PlainWeight, _bias, _strides, _paddings);
        using Tensor map = CpuOperators.ToChannelsLast(input);
        using SharedTensors.Use packed = Pack(map);
        return UsesWinograd(map)
            ? CpuOperators.ConvolveWinograd(map, packed.Tensors[0], _bias!)
            : CpuOperators.Convolve(map, packed.Tensors[0], _bias, Stride, Padding);
    }

    /// <summary>The convolution plus another tensor.</summary>
    /// <param name="residual">Gives a tensor of the output's shape, which stays the caller's.</param>
    /// <param name="input">[batch, in, height, width].</param>
    public Tensor AddTo(Func<Tensor> residual, Tensor input)
    {
        if (!UsesPacked || HasHooks) return call(input).Into(x => residual().Add(x));
        Tensor other = residual();
        // The fused operator needs the same layout, which is ambiguous for maps of one pixel or one channel.
        if (IsAmbiguous(input) || IsAmbiguous(other)) return call(input).Into(x => other.Add(x));
        using Tensor map = CpuOperators.ToChannelsLast(input), summand = CpuOperators.ToChannelsLast(other);
        using SharedTensors.Use packed = Pack(map);
        return UsesWinograd(map)
            ? CpuOperators.ConvolveWinogradAdd(map, packed.Tensors[0], _bias!, summand)
            : CpuOperators.ConvolveAdd(map, packed.Tensors[0], _bias, summand, Stride, Padding);
    }

    /// <summary>The convolution and a leaky ReLU: values below zero are multiplied by a slope.</summary>
    /// <param name="input">[batch, in, height, width].</param>
    /// <param name="slope">The slope.</param>
    public Tensor ConvolveLeaky(Tensor input, double slope)
    {
        if (!UsesPacked || HasHooks || _bias is null) return call(input).ActivateLeaky(slope);
        using Tensor map = CpuOperators.ToChannelsLast(input);
        using SharedTensors.Use packed = _packed.For(_weight, map);
        return CpuOperators.ConvolveLeaky(map, packed.Tensors[0], _bias, slope, Stride, Padding);
    }

    /// <summary>The convolution of a map whose pixels are doubled both ways.</summary>
    /// <param name="input">[batch, in, height, width].</param>
    /// <returns>[batch, out, 2·height, 2·width].</returns>
    public Tensor ConvolveDoubled(Tensor input)
    {
        long height = input.shape[2], width = input.shape[3];
        if (!UsesPacked || HasHooks || _packedPhases is null || !DoublingPhases.Save(height, width))
            return nn.functional.interpolate(input, [2 * height, 2 * width], mode: InterpolationMode.Nearest).Into(call);
        using Tensor map = CpuOperators.ToChannelsLast(input);
        using SharedTensors.Use packed = _packedPhases.For(_weight, map);
        return DoublingPhases.Convolve(map, packed.Tensors[0], _bias);
    }

    public override void Unpack()
    {
        _packed.Unpack(_weight);
        _packedPhases?.Unpack(_weight);
        _packedWinograd?.Unpack(_weight);
    }

    public override void Expose()
    {
        _packed.Expose(_weight);
        _packedPhases?.Expose(_weight);
        _packedWinograd?.Expose(_weight);
    }

    private bool UsesWinograd(Tensor map) => _packedWinograd is not null && WinogradConvolution.Suits(_shape, map.shape);

    private static bool IsAmbiguous(Tensor map) => map.shape is [_, 1, _, _] or [_, _, 1, 1];

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _packed.Dispose();
            _packedPhases?.Dispose();
            _packedWinograd?.Dispose();
        }

        base.Dispose(disposing);
    }
}
