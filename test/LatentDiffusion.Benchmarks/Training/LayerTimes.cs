using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>Times forward and backward passes of each kind of layer separately, to see which keep a step from the peak.</summary>
internal static partial class LayerTimes
{
    private const int Repetitions = 7;

    /// <summary>Prints a table, the kinds with the most time first, and the remaining time of a step.</summary>
    public static void Print(OperationCount operations, double step, double peak, int batch, ScalarType type, TextWriter log)
    {
        (string Kind, int Layers, double Operations, double Seconds)[] rows =
        [
            .. operations.Kinds
                .Select(k => (k.Kind, k.Layers, Operations: 3 * k.Operations, Seconds: k.Layers * Measure(k.Kind, batch, type)))
                .OrderByDescending(r => r.Seconds),
        ];
        log.WriteLine();
        log.WriteLine("| layer | of them | GFLOP | ms | of the peak |");
        log.WriteLine("|---|---|---|---|---|");
        foreach ((string kind, int layers, double work, double seconds) in rows)
            log.WriteLine($"| {kind} | {layers} | {work / 1e9:0.00} | {1000 * seconds:0.0} | {work / seconds / peak:P0} |");
        double all = rows.Sum(r => r.Seconds), total = rows.Sum(r => r.Operations);
        log.WriteLine($"| together | {rows.Sum(r => r.Layers)} | {total / 1e9:0.00} | {1000 * all:0.0} | {total / all / peak:P0} |");
        log.WriteLine($"| the rest of the step | | | {1000 * (step - all):0.0} | |");
    }

    private static double Measure(string kind, int batch, ScalarType type)
    {
        using DisposeScope scope = NewDisposeScope();
        long[] n = [.. Number().Matches(kind).Select(m => long.Parse(m.Value, CultureInfo.InvariantCulture))];
        if (kind.StartsWith("convolution", StringComparison.Ordinal))
        {
            using Conv2d convolution = nn.Conv2d(n[2], n[3], n[0], stride: n[4] / n[6], padding: n[0] / 2);
            convolution.to(type);
            return Time(convolution.call, randn([batch, n[2], n[4], n[5]], dtype: type, requires_grad: true));
        }

        if (kind.StartsWith("linear", StringComparison.Ordinal))
        {
            using Linear linear = nn.Linear(n[0], n[1]);
            linear.to(type);
            return Time(linear.call, randn([n[2], n[0]], dtype: type, requires_grad: true));
        }

        const int Heads = 4;
        Tensor query = randn([batch, n[0], Heads, n[2] / Heads], dtype: type, requires_grad: true);
        Tensor key = randn([batch, n[1], Heads, n[2] / Heads], dtype: type, requires_grad: true);
        return Time(
            q => nn.functional.scaled_dot_product_attention(q.transpose(1, 2), key.transpose(1, 2), key.transpose(1, 2)), query);
    }

    private static double Time(Func<Tensor, Tensor> forward, Tensor input)
    {
        var seconds = new List<double>();
        Tensor? gradient = null;
        for (int i = 0; i < Repetitions; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            long start = Stopwatch.GetTimestamp();
            Tensor output = forward(input);
            double passed = Stopwatch.GetElapsedTime(start).TotalSeconds;
            gradient ??= randn_like(output).MoveToOuterDisposeScope();
            start = Stopwatch.GetTimestamp();
            output.backward([gradient]);
            seconds.Add(passed + Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return seconds.Order().ElementAt(Repetitions / 2);
    }

    [GeneratedRegex("[0-9]+")]
    private static partial Regex Number();
}
