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

    /// <summary>
    /// Loads and compares them on another thread, while this one reads weights, where networks may compute on the CPU.
    /// </summary>
    /// <returns>Ends when that is done.</returns>
    public static Task PrepareAsync() =>
        !InferenceForm.IsEnabled || s_module.IsValueCreated || cuda.is_available() ? Task.CompletedTask : Task.Run(() => s_module.Value);

    /// <summary>Whether a convolution's geometry is one of those that there are operators for.</summary>
    public static bool Supports(long stride, long padding) => CpuOperatorSource.Geometries.Contains((stride, padding));

    /// <summary>The weight of a convolution in the layout that suits maps with the batch, height and width of another.</summary>
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

    /// <summary>A convolution and a leaky ReLU: values below zero are multiplied by a slope.</summary>
    public static Tensor ConvolveLeaky(Tensor input, Tensor packed, Tensor bias, double slope, long stride, long padding) =>
        Invoke($"conv_leaky_{stride}_{padding}", input, packed, bias, slope);

    /// <summary>The transformed weight of a 3×3 convolution, [16·out, in, 1, 1], in the layout that suits a map's size.</summary>
    public static Tensor PackWinograd(Tensor kernels, Tensor input) => Invoke("pack_winograd", kernels, input);

    /// <summary>A 3×3 convolution with stride 1 and padding 1 of a channels-last map, by <see cref="WinogradConvolution"/>.</summary>
    public static Tensor ConvolveWinograd(Tensor input, Tensor packed, Tensor bias) => Invoke("winograd", input, packed, bias);

    /// <summary>The same plus another tensor of the output's shape.</summary>
    public static Tensor ConvolveWinogradAdd(Tensor input, Tensor packed, Tensor bias, Tensor summand) =>
        Invoke("conv3_add", input, summand, packed, bias);

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

    /// <summary>A group norm of a feature map. Its output is channels-last.</summary>
    public static Tensor Normalize(Tensor map, GroupNormLayer norm) =>
        Invoke("normalize_map", map, norm.Weight, norm.Bias, norm.Groups, norm.Eps);

    /// <summary>A residual block, <see cref="FusedResnet"/>.</summary>
    public static Tensor Resnet(
        Tensor input, GroupNormLayer norm1, Tensor packed1, Tensor bias1, Tensor? time, GroupNormLayer norm2, Tensor packed2, Tensor bias2,
        Tensor? packedShortcut, Tensor? shortcutBias) =>
        Invoke(
            "resnet", input, norm1.Weight, norm1.Bias, packed1, bias1, time, norm2.Weight, norm2.Bias, packed2, bias2, packedShortcut,
            shortcutBias, norm1.Groups, norm1.Eps);

    /// <summary>softmax(QKᵀ/√d + bias)V over several heads, as <see cref="AttentionHeads.Attend"/>.</summary>
    public static Tensor Attend(Tensor query, Tensor key, Tensor value, Tensor? bias, long heads) =>
        Invoke("attend", query, key, value, bias, heads);

    /// <summary>A tensor plus the self-attention of its layer norm. The weights are packed: queries, keys, values, outputs.</summary>
    public static Tensor AddAttention(
        Tensor hidden, LayerNormLayer norm, Tensor query, Tensor key, Tensor value, Tensor output, Tensor bias, long heads) =>
        Invoke("attention", hidden, norm.Weight, norm.Bias, norm.Eps, query, key, value, output, bias, heads);

    /// <summary>A tensor plus the attention of its layer norm to keys and values. The weights of queries and outputs are packed.</summary>
    public static Tensor AddCrossAttention(
        Tensor hidden, LayerNormLayer norm, Tensor query, Tensor keys, Tensor values, Tensor? logitBias, Tensor output, Tensor bias,
        long heads) =>
        Invoke("cross_attention", hidden, norm.Weight, norm.Bias, norm.Eps, query, keys, values, logitBias, output, bias, heads);

    /// <summary>A tensor plus the gated feed-forward of its layer norm. The weights are packed: values, gates, outputs.</summary>
    public static Tensor AddFeedForward(
        Tensor hidden, LayerNormLayer norm, Tensor value, Tensor gate, Tensor gateBias, Tensor output, Tensor bias) =>
        Invoke("feed_forward", hidden, norm.Weight, norm.Bias, norm.Eps, value, gate, gateBias, output, bias);

    /// <summary>The group norm of a feature map, projected: the pixels as rows.</summary>
    public static Tensor ProjectIn(Tensor map, GroupNormLayer norm, Tensor packed, Tensor bias, bool isLinear) =>
        Invoke("project_in", map, norm.Weight, norm.Bias, norm.Groups, norm.Eps, packed, bias, isLinear);

    /// <summary>A feature map plus the projection of rows.</summary>
    public static Tensor ProjectOut(Tensor rows, Tensor map, Tensor packed, Tensor bias, bool isLinear) =>
        Invoke("project_out", rows, map, packed, bias, isLinear);

    private static Tensor Invoke(string method, params object?[] arguments) => ScriptCall.Invoke(s_module.Value!, method, arguments);
}
