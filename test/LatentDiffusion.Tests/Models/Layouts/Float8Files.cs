using LatentDiffusion.Tests.Checkpoints;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>Writes files whose matrices are float8, by the definition of the format and not by the tables of the reader.</summary>
internal static class Float8Files
{
    /// <summary>Writes a file.</summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="tensors">The tensors.</param>
    /// <param name="scaled">Whether each matrix is divided by a scale, with which its largest value is the format's.</param>
    /// <param name="decoded">Receives the tensors as they are after that; null for none.</param>
    public static void Write(string path, Dictionary<string, Tensor> tensors, bool scaled, IDictionary<string, Tensor>? decoded = null)
    {
        const float Largest = 448;
        var stored = new List<(string, long[], string, byte[])>();
        foreach ((string name, Tensor value) in tensors)
        {
            float[] values = [.. value.to(ScalarType.Float32).contiguous().data<float>()];
            bool isMatrix = value.dim() == 2 && name.EndsWith(".weight", StringComparison.Ordinal);
            if (!isMatrix)
            {
                stored.Add((name, value.shape, "F32", [.. values.SelectMany(BitConverter.GetBytes)]));
                decoded?.Add(name, value);
                continue;
            }

            float scale = scaled ? values.Max(MathF.Abs) / Largest : 1;
            byte[] codes = [.. values.Select(number => Encode(number / scale))];
            stored.Add((name, value.shape, "F8_E4M3", codes));
            if (scaled) stored.Add((name[..^"weight".Length] + "scale_weight", [], "F32", BitConverter.GetBytes(scale)));
            decoded?.Add(name, tensor([.. codes.Select(code => Decode(code) * scale)], value.shape));
        }

        if (scaled) stored.Add(("scaled_fp8", [0], "F8_E4M3", []));
        RawSafetensors.Write(path, stored);
    }

    /// <summary>The nearest value of one sign bit, four exponent bits with a bias of 7, and three mantissa bits.</summary>
    private static byte Encode(float value)
    {
        float size = MathF.Abs(value);
        int exponent = size == 0 ? -6 : Math.Max(-6, (int)MathF.Floor(MathF.Log2(size)));
        int mantissa = (int)MathF.Round(MathF.ScaleB(size, 3 - exponent));
        // Sizes below 8 eighths are those without a leading one; 16 eighths are the next exponent's first.
        int code = mantissa < 8 ? mantissa : ((exponent + 7) << 3) + (mantissa - 8);
        return (byte)((value < 0 ? 0x80 : 0) | code);
    }

    private static float Decode(byte code)
    {
        int exponent = (code >> 3) & 15, mantissa = code & 7;
        float size = exponent == 0 ? MathF.ScaleB(mantissa, -9) : MathF.ScaleB(8 + mantissa, exponent - 10);
        return code >= 0x80 ? -size : size;
    }
}
