namespace LatentDiffusion.Evaluation;

/// <summary>Writes a report: <c>report.json</c>, <c>report.md</c>, and the pictures and plots that the page shows.</summary>
public static class ReportFolder
{
    internal const string JsonFile = "report.json", PageFile = "report.md", LossFile = "loss.png", CourseFile = "training.png", SamplesFile = "samples.png",
        ReconstructionsFile = "reconstructions.png", NeighboursFile = "neighbours.png", NeighbourPlotFile = "neighbour-distances.png";

    internal const int PairsShown = 12;

    /// <summary>Writes the report. Files are replaced one by one, each whole; the page, which names the others, last.</summary>
    /// <param name="report">The report.</param>
    /// <param name="folder">Made where it is missing.</param>
    public static void Write(EvaluationReport report, string folder)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        Directory.CreateDirectory(folder);
        var codec = new SkiaImageCodec();
        Write(LossFile, TimestepLossPlot.Draw(report.TestLoss, report.Memorisation));
        if (report.Course is { } course) Write(CourseFile, LossPlot.Draw(course.Curves));
        if (report.Samples is { } samples) Sheet(SamplesFile, [.. samples.Prompts.Zip(samples.Rows, (prompt, row) => new SheetRow(prompt, row))]);
        if (report.Autoencoder is { Reconstructions: var reconstructions } && report.TestPictures.Count > 0)
            Sheet(ReconstructionsFile, [new("test pictures", [.. report.TestPictures.Take(PairsShown)]), new("as the autoencoder gives them back", [.. reconstructions.Take(PairsShown)])]);
        if (report.Neighbours is { } neighbours)
        {
            Write(NeighbourPlotFile, NeighbourPlot.Draw(neighbours));
            Sheet(NeighboursFile, [new("generated", [.. neighbours.GeneratedPictures.Take(PairsShown)]), new("the nearest training pictures", [.. neighbours.TrainingPictures.Take(PairsShown)])]);
        }

        AtomicFile.Write(Path.Combine(folder, JsonFile), ReportJson.Write(report));
        AtomicFile.Write(Path.Combine(folder, PageFile), MarkdownPage.Write(report));

        void Write(string name, byte[] png) => AtomicFile.Write(Path.Combine(folder, name), stream => stream.Write(png));
        void Sheet(string name, IReadOnlyList<SheetRow> rows) => Write(name, codec.EncodePng(SampleSheet.Draw(rows)));
    }
}
