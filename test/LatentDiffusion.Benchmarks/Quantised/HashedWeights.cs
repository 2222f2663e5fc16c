using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// Weights that follow from a hash of their positions, at a scale at which activations keep their size: matrices and kernels are uniform
/// with the variance 1/fan-in, scales of normalisations are 1 and biases 0. Rows are windows into one run of values.
/// </summary>
internal sealed class HashedWeights : IDisposable
{
    private const int Length = 1 << 23, Offsets = 9973;

    private readonly Tensor _run;

    public HashedWeights()
    {
        _run = empty(Length, ScalarType.Float32);
        Span<float> values = MemoryMarshal.Cast<byte, float>(_run.bytes);
        for (int i = 0; i < values.Length; i++) values[i] = Value((ulong)i);
    }

    /// <summary>The values of a tensor.</summary>
    /// <param name="name">Its name, from which the first window follows.</param>
    /// <param name="shape">Its shape.</param>
    public Tensor Make(string name, IReadOnlyList<long> shape)
    {
        if (shape.Count == 1) return full([.. shape], name.EndsWith(".bias", StringComparison.Ordinal) ? 0f : 1f);
        long rows = shape[0], columns = shape.Skip(1).Aggregate((a, b) => a * b);
        long step = Math.Min(Offsets, (Length - Offsets - columns) / rows);
        using Tensor scaled = _run.mul(Math.Sqrt(3.0 / columns));
        using Tensor windows = scaled.as_strided([rows, columns], [step, 1], Offset(name));
        return windows.reshape([.. shape]);
    }

    /// <summary>Gives a network its values. Statistics stay as they are.</summary>
    public void Fill(nn.Module network)
    {
        using IDisposable noGradient = no_grad();
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in network.named_parameters())
        {
            using Tensor values = Make(name, parameter.shape), plain = parameter.detach();
            plain.copy_(values);
        }
    }

    public void Dispose() => _run.Dispose();

    /// <summary>In [-1, 1): the bits of a position, mixed (Steele, Lea and Flood 2014).</summary>
    private static float Value(ulong position)
    {
        ulong z = (position + 1) * 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return (float)((z ^ (z >> 31)) >> 40) / (1 << 23) - 1;
    }

    private static long Offset(string name)
    {
        uint hash = 0;
        foreach (char c in name) hash = hash * 31 + c;
        return hash % Offsets;
    }
}
