namespace LatentDiffusion.Evaluation;

/// <summary>Writes a report: <c>report.json</c>, <c>report.md</c>, and the images and plots that the page shows.</summary>
public static class ReportFolder
{
    internal const string JsonFile = "report.json", PageFile = "report.md", LossFile = "loss.png", TrainingFile = "training.png",
        SamplesFile = "samples.png", ReconstructionsFile = "reconstructions.png", NeighboursFile = "neighbours.png",
        NeighbourPlotFile = "neighbour-distances.png";

    internal const int PairsShown = 12;

    /// <summary>Writes the report. Each file is replaced atomically; the page, which refers to the others, is written last.</summary>
    /// <param name="report">The report.</param>
    /// <param name="folder">The folder; created if missing.</param>
    public static void Write(EvaluationReport report, string folder)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        var codec = new SkiaImageCodec();
        Write(LossFile, TimestepLossPlot.Draw(report.TestLoss, report.LossComparison));
        if (report.TrainingHistory is { } history) Write(TrainingFile, LossPlot.Draw(history.Curves));
        if (report.Samples is { } samples)
            Sheet(SamplesFile, [.. samples.Prompts.Zip(samples.Rows, (prompt, row) => new SheetRow(prompt, row))]);
        if (report.Autoencoder is { Reconstructions: var reconstructions } && report.TestImages.Count > 0)
        {
            Sheet(ReconstructionsFile, [
                new("test images", [.. report.TestImages.Take(PairsShown)]),
                new("reconstructions", [.. reconstructions.Take(PairsShown)])]);
        }

        if (report.Neighbours is { } neighbours)
        {
            Write(NeighbourPlotFile, NeighbourPlot.Draw(neighbours));
            Sheet(NeighboursFile, [
                new("generated", [.. neighbours.GeneratedImages.Take(PairsShown)]),
                new("nearest training images", [.. neighbours.TrainingImages.Take(PairsShown)])]);
        }

        AtomicFile.Write(Path.Combine(folder, JsonFile), ReportJson.Write(report));
        AtomicFile.Write(Path.Combine(folder, PageFile), MarkdownPage.Write(report));

        void Write(string name, byte[] png) => AtomicFile.Write(Path.Combine(folder, name), stream => stream.Write(png));
        void Sheet(string name, IReadOnlyList<SheetRow> rows) => Write(name, codec.EncodePng(SampleSheet.Draw(rows)));
    }
}
