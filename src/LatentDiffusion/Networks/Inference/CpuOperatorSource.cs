using System.Text;

namespace LatentDiffusion.Networks;

/// <summary>
/// The TorchScript methods behind <see cref="CpuOperators"/>: one for each operator and geometry, so that their arguments
/// are tensors only.
/// </summary>
internal static class CpuOperatorSource
{
    /// <summary>Stride and padding of the convolutions of published networks.</summary>
    public static IReadOnlyList<(long Stride, long Padding)> Geometries { get; } = [(1, 0), (1, 1), (2, 0), (2, 1)];

    /// <summary>The methods, in TorchScript's serialised form.</summary>
    public static string Methods()
    {
        var source = new StringBuilder();
        foreach ((long stride, long padding) in Geometries)
        {
            string geometry = $"[{padding}, {padding}], [{stride}, {stride}], [1, 1], 1", name = $"{stride}_{padding}";
            Add(source, $"pack_conv_{name}", "w: Tensor, x: Tensor",
                $"ops.mkldnn._reorder_convolution_weight(w, {geometry}, {MapSize})");
            Add(source, $"conv_leaky_{name}", "x: Tensor, w: Tensor, b: Tensor, slope: float",
                $"""ops.mkldnn._convolution_pointwise(x, w, b, {geometry}, "leaky_relu", {Slope}, None)""");
            foreach ((string suffix, string parameter, string bias) in s_biases)
            {
                Add(source, $"conv_{name}{suffix}", $"x: Tensor, w: Tensor{parameter}",
                    $"""ops.mkldnn._convolution_pointwise(x, w, {bias}, {geometry}, "none", scalars, None)""");
                Add(source, $"conv_add_{name}{suffix}", $"x: Tensor, y: Tensor, w: Tensor{parameter}",
                    $"""ops.mkldnn._convolution_pointwise(x, y, w, {bias}, {geometry}, "add", 1.0, None, scalars, None)""");
            }
        }

        Add(source, "pack_linear", "w: Tensor, x: Tensor",
            "ops.mkldnn._reorder_linear_weight(w, torch.floordiv(torch.numel(x), torch.size(x, -1)))");
        foreach ((string suffix, string parameter, string bias) in s_biases)
        {
            Add(source, $"linear{suffix}", $"x: Tensor, w: Tensor{parameter}",
                $"""ops.mkldnn._linear_pointwise(x, w, {bias}, "none", scalars, None)""");
            Add(source, $"linear_add{suffix}", $"x: Tensor, y: Tensor, w: Tensor{parameter}",
                $"""ops.mkldnn._linear_pointwise(x, y, w, {bias}, "add")""");
        }

        Add(source, "linear_mul", "x: Tensor, y: Tensor, w: Tensor, b: Tensor", """ops.mkldnn._linear_pointwise(x, y, w, b, "mul")""");
        Add(source, "linear_gelu", "x: Tensor, w: Tensor, b: Tensor", """ops.mkldnn._linear_pointwise(x, w, b, "gelu", scalars, "none")""");
        Add(source, "dense", "x: Tensor", "torch.to_dense(x)");
        // 2 is ChannelsLast.
        Add(source, "channels_last", "x: Tensor", "torch.contiguous(x, memory_format=2)");
        return source.Append(WinogradSource.Methods).Append(CpuBlockSource.Methods).ToString();
    }

    // Of a map x with the channels of the weight w.
    private const string MapSize = "[torch.size(x, 0), torch.size(w, 1), torch.size(x, 2), torch.size(x, 3)]";

    private const string Slope = "annotate(List[Optional[number]], [slope])";

    private static readonly (string Suffix, string Parameter, string Bias)[] s_biases = [("", ", b: Tensor", "b"), ("_plain", "", "None")];

    private static void Add(StringBuilder source, string name, string parameters, string value) => source.Append(
        $"""
          def {name}(self: __torch__.Module, {parameters}) -> Tensor:
            scalars = annotate(List[Optional[number]], [])
            return {value}

        """.ReplaceLineEndings("\n"));
}
