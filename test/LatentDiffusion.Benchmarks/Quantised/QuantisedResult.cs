namespace LatentDiffusion.Benchmarks;

/// <summary>What was measured with one model in one type.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Type">Type of its matrices.</param>
/// <param name="Threads">Threads of libtorch.</param>
/// <param name="FileBytes">Bytes of all weights.</param>
/// <param name="ReadSeconds">Times of reading the files.</param>
/// <param name="OpenSeconds">Times of opening the model.</param>
/// <param name="Generation">The generation.</param>
/// <param name="Load">Load of the machine at the end; null if the system does not report it.</param>
internal sealed record QuantisedResult(
    string Model, string Type, int Threads, long FileBytes, IReadOnlyList<double> ReadSeconds, IReadOnlyList<double> OpenSeconds,
    QuantisedMeasurement Generation, string? Load)
{
    private const double MostOpen = 2, MostFiles = 1.2, MoreBytes = 1.5e9, LeastPeak = 0.6;

    /// <summary>Time of opening as a multiple of the time of reading.</summary>
    public double OpenRatio => Median(OpenSeconds) / Median(ReadSeconds);

    /// <summary>Maximum memory of the generation.</summary>
    public double MostBytes => MostFiles * FileBytes + MoreBytes;

    /// <summary>Operations per second of an evaluation as a fraction of the peak.</summary>
    public double PeakFraction => Generation.Operations / Median(Generation.Seconds) / Generation.Peak;

    /// <summary>The same with the processor time divided by the threads in place of the elapsed time.</summary>
    public double ProcessorFraction => Generation.Operations / (Median(Generation.Processor) / Threads) / Generation.Peak;

    /// <summary>Whether all bounds are met, and the image is one.</summary>
    public bool IsWithinBounds =>
        OpenRatio <= MostOpen && Generation.PeakBytes <= MostBytes && PeakFraction >= LeastPeak && Generation.Levels > 1;

    /// <summary>Prints a table in Markdown.</summary>
    public static void Print(IReadOnlyList<QuantisedResult> results, TextWriter output)
    {
        output.WriteLine(
            "| model | type | files | reading | opening | ratio | peak memory | bound | one evaluation | TFLOP | of the peak "
            + "| of processor time | bounds |");
        output.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (QuantisedResult r in results)
        {
            output.WriteLine(
                $"| {r.Model} | {r.Type} | {r.FileBytes / 1e9:0.00} GB | {Median(r.ReadSeconds):0.00} s | {Median(r.OpenSeconds):0.00} s "
                + $"| {r.OpenRatio:0.00} | {r.Generation.PeakBytes / 1e9:0.00} GB | {r.MostBytes / 1e9:0.00} GB "
                + $"| {Median(r.Generation.Seconds):0.0} s | {r.Generation.Operations / 1e12:0.00} | {r.PeakFraction:P0} "
                + $"| {r.ProcessorFraction:P0} | {(r.IsWithinBounds ? "kept" : "MISSED")} |");
        }

        output.WriteLine();
        output.WriteLine(
            $"Matrix-multiply peak: {string.Join(", ", results.Select(r => $"{r.Generation.Peak / 1e9:0}"))} GFLOP/s with "
            + $"{results[0].Threads} threads. Load of the machine: {string.Join("; ", results.Select(r => r.Load))}.");
        output.WriteLine(
            $"Bounds: opening at most {MostOpen} times reading, memory at most {MostFiles} times the files and {MoreBytes / 1e9} GB, "
            + $"speed at least {LeastPeak:P0} of the peak.");
    }

    private static double Median(IReadOnlyList<double> values) => values.Order().ElementAt(values.Count / 2);
}
