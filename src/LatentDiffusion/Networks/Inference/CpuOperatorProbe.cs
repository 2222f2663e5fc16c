using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Loads the module of <see cref="CpuOperators"/> and compares its operators with the plain ones.</summary>
internal static class CpuOperatorProbe
{
    private const double Tolerance = 1e-4, Slope = 0.2;
    private const int Channels = 32, Side = 6, LargeSide = 16, Rows = 10;

    // Groups of four channels, and products of a large head: the methods compute these themselves.
    private const long Groups = 8, Tokens = 128;
    private const double Eps = 1e-5;

    /// <summary>The module; null where operators are missing, fail or give other values.</summary>
    public static jit.ScriptModule? Load()
    {
        if (!OneDnnCaches.AreUsable) return null;
        jit.ScriptModule? module = null;
        try
        {
            using IDisposable noGradient = no_grad();
            using DisposeScope scope = NewDisposeScope();
            module = jit.load(TorchScriptArchive.Create(CpuOperatorSource.Methods()));
            if (IsExact(module)) return module;
        }
        catch (ExternalException)
        {
            // Another libtorch, or a platform without oneDNN.
        }

        module?.Dispose();
        return null;
    }

    private static bool IsExact(jit.ScriptModule module)
    {
        Tensor bias = Values(0.3, Channels), map = Invoke("channels_last", Values(0.7, 2, Channels, Side, Side));
        foreach ((long stride, long padding) in CpuOperatorSource.Geometries)
        {
            string name = $"{stride}_{padding}";
            Tensor weight = Values(0.9, Channels, Channels, 3, 3), packed = Invoke($"pack_conv_{name}", weight, map);
            Tensor plain = nn.functional.conv2d(map, weight, bias, [stride, stride], [padding, padding]);
            Tensor unbiased = nn.functional.conv2d(map, weight, null, [stride, stride], [padding, padding]);
            Tensor summand = Invoke("channels_last", Values(1.1, plain.shape));
            if (!Equal(Invoke("dense", packed), weight)
                || !Close(Invoke($"conv_{name}", map, packed, bias), plain)
                || !Close(Invoke($"conv_{name}_plain", map, packed), unbiased)
                || !Close(Invoke($"conv_leaky_{name}", map, packed, bias, Slope), plain.LeakyRelu(Slope))
                || !Close(Invoke($"conv_add_{name}", map, summand, packed, bias), plain.Add(summand))
                || !Close(Invoke($"conv_add_{name}_plain", map, summand, packed), unbiased.Add(summand))) return false;
        }

        Tensor large = Invoke("channels_last", Values(0.7, 1, Channels, LargeSide, LargeSide));
        Tensor kernel = Values(0.9, Channels, Channels, 3, 3);
        Tensor packedKernels = Invoke("pack_winograd", WinogradConvolution.Transform(kernel), large);
        if (!Close(Invoke("conv3", large, packedKernels, bias), nn.functional.conv2d(large, kernel, bias, [1, 1], [1, 1]))) return false;

        Tensor rows = Values(0.7, 1, Rows, Channels), matrix = Values(0.9, Channels, Channels), other = Values(1.1, 1, Rows, Channels);
        Tensor query = Values(0.4, 1, Tokens, Tokens), key = Values(0.6, 1, Tokens, Tokens), value = Values(0.8, 1, Tokens, Tokens);
        Tensor packedMatrix = Invoke("pack_linear", matrix, rows);
        Tensor linear = nn.functional.linear(rows, matrix, bias), linearUnbiased = nn.functional.linear(rows, matrix);
        return Equal(Invoke("dense", packedMatrix), matrix)
            && Close(Invoke("linear", rows, packedMatrix, bias), linear)
            && Close(Invoke("linear_plain", rows, packedMatrix), linearUnbiased)
            && Close(Invoke("linear_add", rows, other, packedMatrix, bias), linear.Add(other))
            && Close(Invoke("linear_add_plain", rows, other, packedMatrix), linearUnbiased.Add(other))
            && Close(Invoke("linear_mul", rows, other, packedMatrix, bias), linear * other)
            && Close(Invoke("linear_gelu", rows, packedMatrix, bias), nn.functional.gelu(linear))
            && Close(Invoke("normalize", map, bias, bias, Groups, Eps), nn.functional.group_norm(map, Groups, bias, bias, Eps))
            && Close(Invoke("attend", query, key, value, null!, 1L), nn.functional.scaled_dot_product_attention(query, key, value));

        Tensor Invoke(string method, params object?[] arguments) => ScriptCall.Invoke(module, method, arguments);
    }

    /// <summary>Deterministic values between −1 and 1, without a random generator.</summary>
    private static Tensor Values(double frequency, params long[] shape) =>
        TensorArithmetic.Range(shape.Aggregate(1L, (product, n) => product * n), ScalarType.Float32, CPU)
            .Multiply(frequency).sin().view(shape);

    private static bool Equal(Tensor found, Tensor expected) => found.eq(expected).all().item<bool>();

    private static bool Close(Tensor found, Tensor expected) =>
        found.shape.SequenceEqual(expected.shape) && (found - expected).abs().max().item<float>() <= Tolerance;
}
