using System.Text.Json;

namespace LatentDiffusion.Benchmarks;

/// <summary>The results as tables and as JSON.</summary>
internal static class PeerReport
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    /// <summary>Prints the tables in Markdown.</summary>
    public static void Print(IReadOnlyList<PeerResult> results, TextWriter output)
    {
        if (results.Count == 0) return;
        output.WriteLine();
        output.WriteLine(
            "| graph | GFLOP | LatentDiffusion | spread | of the peak | ONNX Runtime | spread | of the peak " +
            "| ratio | of the fastest | of processor time | difference |");
        output.WriteLine("|---|---|---|---|---|---|---|---|---|---|---|---|");
        foreach (PeerResult r in results)
        {
            output.WriteLine(
                $"| `{r.Graph}` | {r.Operations / 1e9:0.0} | {1000 * r.Library.Median:0.0} ms | {r.Library.Spread:P0} " +
                $"| {r.PeakFraction:P0} | {1000 * r.Peer.Median:0.0} ms | {r.Peer.Spread:P0} | {r.PeerPeakFraction:P0} " +
                $"| {r.Ratio:0.00} | {r.FastestRatio:0.00} | {r.ProcessorRatio:0.00} | {r.Difference:0.0E+0} |");
        }

        output.WriteLine();
        output.WriteLine(
            $"Median of {results[0].Library.Seconds.Count} evaluations each, in turn. Spread: distance of the quartiles. " +
            $"Matrix-multiply peak: {results.Max(r => r.Peak) / 1e9:0} GFLOP/s.");
        if (results.All(r => r.LibraryMemory is null)) return;
        output.WriteLine();
        output.WriteLine("| graph | peak memory | ONNX Runtime | ratio | at rest | ONNX Runtime | loading | ONNX Runtime |");
        output.WriteLine("|---|---|---|---|---|---|---|---|");
        foreach (PeerResult r in results)
        {
            if (r is not { LibraryMemory: { } ours, PeerMemory: { } theirs }) continue;
            output.WriteLine(
                $"| `{r.Graph}` | {Megabytes(ours.PeakBytes)} | {Megabytes(theirs.PeakBytes)} " +
                $"| {(double)ours.PeakBytes / theirs.PeakBytes:0.00} " +
                $"| {Megabytes(ours.RestBytes)} | {Megabytes(theirs.RestBytes)} " +
                $"| {ours.LoadSeconds:0.00} s | {theirs.LoadSeconds:0.00} s |");
        }
    }

    /// <summary>Writes all measurements.</summary>
    public static void Write(IReadOnlyList<PeerResult> results, string path) =>
        File.WriteAllText(path, JsonSerializer.Serialize(results, s_json));

    private static string Megabytes(long bytes) => $"{bytes / 1e6:0} MB";
}
