using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// libtorch's operators for packed weights on CPUs, which its compiler uses and TorchSharp does not expose. They are
/// internal to libtorch: at the first use each is compared with the plain operator, and where one is missing or differs
/// <see cref="IsAvailable"/> is false and networks compute in the plain form.
/// </summary>
internal static class CpuOperators
{
    private static readonly Lazy<jit.ScriptModule?> s_module = new(CpuOperatorProbe.Load);

    /// <summary>Whether this libtorch has them on this machine.</summary>
    public static bool IsAvailable => s_module.Value is not null;

    /// <summary>Whether a convolution's geometry is one of those that there are operators for.</summary>
    public static bool Supports(long stride, long padding) => CpuOperatorSource.Geometries.Contains((stride, padding));

    /// <summary>The weight of a convolution in the layout that suits an input's shape.</summary>
    public static Tensor PackConvolution(Tensor weight, Tensor input, long stride, long padding) =>
        Invoke($"pack_conv_{stride}_{padding}", weight, input);

    /// <summary>A convolution. Its output is channels-last where its input is.</summary>
    public static Tensor Convolve(Tensor input, Tensor packed, Tensor? bias, long stride, long padding) => bias is null
        ? Invoke($"conv_{stride}_{padding}_plain", input, packed)
        : Invoke($"conv_{stride}_{padding}", input, packed, bias);

    /// <summary>A convolution plus another tensor of the output's shape.</summary>
    public static Tensor ConvolveAdd(Tensor input, Tensor packed, Tensor? bias, Tensor summand, long stride, long padding) => bias is null
        ? Invoke($"conv_add_{stride}_{padding}_plain", input, summand, packed)
        : Invoke($"conv_add_{stride}_{padding}", input, summand, packed, bias);

    /// <summary>The weight of a linear layer in the layout that suits an input's number of rows.</summary>
    public static Tensor PackLinear(Tensor weight, Tensor input) => Invoke("pack_linear", weight, input);

    /// <summary>x·Wᵀ + b.</summary>
    public static Tensor Linear(Tensor input, Tensor packed, Tensor? bias) =>
        bias is null ? Invoke("linear_plain", input, packed) : Invoke("linear", input, packed, bias);

    /// <summary>x·Wᵀ + b + y.</summary>
    public static Tensor LinearAdd(Tensor input, Tensor packed, Tensor? bias, Tensor summand) =>
        bias is null ? Invoke("linear_add_plain", input, summand, packed) : Invoke("linear_add", input, summand, packed, bias);

    /// <summary>(x·Wᵀ + b)·y.</summary>
    public static Tensor LinearMultiply(Tensor input, Tensor packed, Tensor bias, Tensor factor) =>
        Invoke("linear_mul", input, factor, packed, bias);

    /// <summary>GELU(x·Wᵀ + b), with the exact error function.</summary>
    public static Tensor LinearGelu(Tensor input, Tensor packed, Tensor bias) => Invoke("linear_gelu", input, packed, bias);

    /// <summary>A packed weight in the plain layout, bit for bit as it was packed.</summary>
    public static Tensor Unpack(Tensor packed) => Invoke("dense", packed);

    /// <summary>A feature map whose channels lie next to each other in memory; the same values.</summary>
    public static Tensor ToChannelsLast(Tensor map) => Invoke("channels_last", map);

    private static Tensor Invoke(string method, params object[] arguments) => (Tensor)s_module.Value!.invoke(method, arguments);
}
