using System.Diagnostics;
using System.Globalization;
using System.Text;
using LatentDiffusion.Tests.Schedulers.Exact;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// Measures how fast each deterministic sampler converges to the exact probability flow, and writes the result to the
/// documentation.
/// </summary>
internal static class SchedulerBenchmark
{
    private const string Begin = "<!-- written by the schedulers benchmark: begin -->",
        End = "<!-- written by the schedulers benchmark: end -->";

    private static readonly int[] s_steps = [5, 10, 20, 40, 80, 160, 320];

    /// <summary>Writes the table of <c>schedulers.md</c> and its plot.</summary>
    public static void Write(string docs, TextWriter log)
    {
        Stopwatch watch = Stopwatch.StartNew();
        (Solver Solver, Convergence[] Points)[] results = [.. Solver.All.Select(solver => (solver, Measure(solver, log)))];
        string page = Path.Combine(docs, "schedulers.md"), text = File.ReadAllText(page);
        int from = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, to = text.IndexOf(End, StringComparison.Ordinal);
        File.WriteAllText(page, text[..from] + "\n" + Table(results) + text[to..]);
        string image = Path.Combine(docs, "images", "schedulers.png");
        ConvergencePlot.Save(results, image);
        log.WriteLine($"Wrote {page} and {image} in {watch.Elapsed.TotalSeconds:0} s.");
    }

    private static Convergence[] Measure(Solver solver, TextWriter log)
    {
        Convergence[] points = [.. s_steps.Select(steps => solver.Measure(GaussianMixture.Two, steps))];
        log.WriteLine($"{solver}: {string.Join(", ", points.Select(p => $"{p.Evaluations}: {p.Error:0.0e+0}"))}");
        return points;
    }

    private static string Table((Solver Solver, Convergence[] Points)[] results)
    {
        StringBuilder table = new();
        table.AppendLine("| sampler | order expected | order measured | error at 10 steps | at 20 | at 40 | at 160 |");
        table.AppendLine("|---|---|---|---|---|---|---|");
        foreach ((Solver solver, Convergence[] points) in results)
        {
            // The order at the last three points.
            string order = Convergence.Order(points[^3..]).ToString("0.00", CultureInfo.InvariantCulture);
            table.AppendLine(
                $"| {solver.Name} | {solver.Order} | {order} | {Format(points[1])} | {Format(points[2])} | {Format(points[3])} "
                + $"| {Format(points[5])} |");
        }

        return table.ToString().ReplaceLineEndings("\n");
    }

    private static string Format(Convergence point) => point.Error.ToString("0.0e+0", CultureInfo.InvariantCulture);
}
