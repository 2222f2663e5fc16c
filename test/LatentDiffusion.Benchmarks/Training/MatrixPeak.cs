using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// Peak speed of float32 matrix multiplication on this machine: of libtorch's own operator or of oneDNN's, which uses AVX-512 on processors
/// where the other does not.
/// </summary>
internal static class MatrixPeak
{
    private static readonly int[] s_sizes = [512, 768, 1024, 1536, 2048, 3072];

    /// <summary>The best of several square sizes, in floating-point operations per second.</summary>
    public static double Measure() => Math.Max(
        Measure(mm), CpuOperators.IsAvailable ? Measure((a, b) => CpuOperators.Linear(a, b, bias: null)) : 0);

    private static double Measure(Func<Tensor, Tensor, Tensor> multiply) => s_sizes.Max(size => Measure(size, multiply));

    private static double Measure(int size, Func<Tensor, Tensor, Tensor> multiply)
    {
        const double Enough = 0.4;
        using IDisposable noGradient = no_grad();
        using DisposeScope scope = NewDisposeScope();
        Tensor a = rand(size, size), b = rand(size, size);
        double best = double.MaxValue;
        for (Stopwatch all = Stopwatch.StartNew(); all.Elapsed.TotalSeconds < Enough;)
        {
            long start = Stopwatch.GetTimestamp();
            using Tensor product = multiply(a, b);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return 2.0 * size * size * size / best;
    }
}
