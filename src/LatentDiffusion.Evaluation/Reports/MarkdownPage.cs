using System.Text;

namespace LatentDiffusion.Evaluation;

/// <summary>The report as a Markdown page, with the meaning of each figure in words.</summary>
internal sealed class MarkdownPage
{
    private readonly EvaluationReport _report;
    private readonly StringBuilder _page = new();

    private MarkdownPage(EvaluationReport report) => _report = report;

    public static string Write(EvaluationReport report)
    {
        var page = new MarkdownPage(report);
        page.Head();
        page.Training();
        page.Losses();
        BoundSection.Write(page._page, report);
        page.Autoencoder();
        page.Samples();
        page.Adherence();
        page.Distances();
        page.Neighbours();
        return page._page.ToString().TrimEnd('\n') + "\n";
    }

    private void Head()
    {
        _page.Append($"# Evaluation of {MarkdownTable.Escaped(_report.Model)}\n\n");
        _page.Append($"Test images: {MarkdownTable.Escaped(_report.TestSet)}. ");
        if (_report.TrainingSet is { } training) _page.Append($"Training images: {MarkdownTable.Escaped(training)}. ");
        _page.Append($"{_report.ImageSize} x {_report.ImageSize} pixels, seed {_report.Options.Seed}. ");
        _page.Append(FormattableString.Invariant($"Intervals have {100 * _report.Options.Confidence:G4} % confidence, over images. "));
        _page.Append($"Full figures: [{ReportFolder.JsonFile}]({ReportFolder.JsonFile}).\n\n");
    }

    private void Training()
    {
        if (_report.TrainingHistory is not { } history) return;
        _page.Append($"## Training\n\n{history.Convergence}\n\n");
        _page.Append($"![Loss of the {history.Stage} in training]({ReportFolder.TrainingFile})\n\n");
    }

    private void Losses()
    {
        DenoisingLoss test = _report.TestLoss;
        LossComparison? comparison = _report.LossComparison;
        _page.Append("## Denoising loss\n\n");
        string prediction = test.PredictionType.ToString().ToLowerInvariant();
        _page.Append($"Mean squared error of the predicted {prediction}, {test.ImageCount} test images");
        _page.Append(comparison is null ? ".\n\n" : $", {comparison.Training.ImageCount} training images.\n\n");
        string Timesteps(LossBucket b) => $"{b.FirstTimestep} to {b.LastTimestep}";
        if (comparison is null)
        {
            _page.AppendTable(["timesteps", "test"], [
                .. test.Buckets.Select(b => new[] { Timesteps(b), MarkdownTable.Interval(b.Loss) }),
                ["all", MarkdownTable.Interval(test.Overall)]]);
        }
        else
        {
            string[] Row(string timesteps, Estimate test, Estimate training, Estimate gap) =>
                [timesteps, MarkdownTable.Interval(test), MarkdownTable.Interval(training), MarkdownTable.Interval(gap)];
            _page.AppendTable(["timesteps", "test", "training", "gap"], [
                .. test.Buckets.Select((b, i) => Row(Timesteps(b), b.Loss, comparison.Training.Buckets[i].Loss, comparison.BucketGaps[i])),
                Row("all", test.Overall, comparison.Training.Overall, comparison.Gap)]);
            string higher = string.Join(", ", comparison.HigherBuckets.Select(i => Timesteps(test.Buckets[i])));
            _page.Append(Verdict(comparison, higher)).Append("\n\n");
        }

        _page.Append($"![Loss by timestep]({ReportFolder.LossFile})\n\n");
    }

    private static string Verdict(LossComparison comparison, string higher) => (comparison.ShowsMemorization, higher.Length > 0) switch
    {
        (true, _) => "The test loss is significantly higher than the training loss: the network remembers training images, or the test "
            + "images are of another kind.",
        (false, true) => "Over all timesteps the test loss is not significantly higher than the training loss. In these ranges, each taken "
            + $"by itself, it is: {higher}. There the network may begin to remember training images.",
        (false, false) => "The test loss is not significantly higher than the training loss: these figures show no memorization.",
    };

    private void Autoencoder()
    {
        if (_report.Autoencoder is not { } quality) return;
        _page.Append("## Autoencoder\n\n");
        var rows = new List<string[]>
        {
            new[] { "PSNR, dB", MarkdownTable.Interval(quality.PeakSignalToNoise, "F2") },
            new[] { "SSIM of the luminance", MarkdownTable.Interval(quality.StructuralSimilarity) },
            new[] { "SSIM of red, green and blue", MarkdownTable.Interval(quality.ChannelSimilarity) },
        };
        if (quality.BitsPerPixel is { } bits) rows.Add(["rate, bits per pixel", MarkdownTable.Number(bits)]);
        if (quality.Codes is { } codes)
            rows.Add(["codes used", $"{codes.Used} of {codes.Codes}, perplexity {MarkdownTable.Number(codes.Perplexity)}"]);
        _page.AppendTable(["", "test images"], rows);
        _page.Append($"Originals above, reconstructions below:\n\n![Reconstructions]({ReportFolder.ReconstructionsFile})\n\n");
    }

    private void Samples()
    {
        if (_report.Samples is not { } sheet) return;
        _page.Append($"## Samples\n\nSeeds from {sheet.FirstSeed}, one per column; the rows' prompts, from the top:\n\n");
        for (int i = 0; i < sheet.Prompts.Count; i++) _page.Append($"{i + 1}. {MarkdownTable.Escaped(sheet.Prompts[i])}\n");
        _page.Append($"\n![Samples]({ReportFolder.SamplesFile})\n\n");
    }

    private void Adherence()
    {
        if (_report.Adherence is not { } adherence) return;
        _page.Append($"## Prompts\n\n{adherence.ImageCount} generated images, judged by {MarkdownTable.Escaped(adherence.Scorer)}.\n\n");
        _page.AppendTable(["aspect", "right", "mean score"], [
            .. adherence.Aspects.Select(a => new[] { a.Aspect, MarkdownTable.Percent(a.Right), MarkdownTable.Number(a.MeanScore, "F3") }),
            ["all aspects", MarkdownTable.Percent(adherence.All), ""]]);
    }

    private void Distances()
    {
        if (_report.Distances.Count == 0) return;
        _page.Append("## Distances from the test images\n\n");
        _page.Append("Compare the generated images' row with the training images' row: as many real images, in the same features. ");
        _page.Append("These are not the distances of the literature, which use Inception features of tens of thousands of images.\n\n");
        _page.AppendTable(["features", "set", "images", "Fréchet", "kernel", "precision", "recall"], _report.Distances.Select(d => new[]
        {
            d.Features, d.Set, $"{d.ImageCount}", MarkdownTable.Number(d.Frechet), Kernel(d.Kernel),
            MarkdownTable.Number(d.PrecisionRecall.Precision, "F2"), MarkdownTable.Number(d.PrecisionRecall.Recall, "F2"),
        }));
        if (_report.Distances.Any(d => d.ImageCount <= 2 * d.Width))
        {
            _page.Append("There are few images for the number of features: the Fréchet distance is mostly bias here, and only its ratio ");
            _page.Append("between rows is meaningful.\n\n");
        }

        if (_report.Distances.Any(d => d.Kernel.StandardError is null))
            _page.Append("All images were in one subset of the kernel distance, so its error is not known.\n\n");
    }

    private static string Kernel(KernelDistance distance) =>
        distance.StandardError is { } error
            ? $"{MarkdownTable.Number(distance.Mean)} ± {MarkdownTable.Number(error, "G2")}"
            : MarkdownTable.Number(distance.Mean);

    private void Neighbours()
    {
        if (_report.Neighbours is not { } neighbours) return;
        string mirrored = neighbours.Mirrored ? " and as many mirrored ones" : "";
        _page.Append($"## Nearest training images\n\nAmong {neighbours.Pool} training images{mirrored}, by {neighbours.Features}. ");
        _page.Append($"The median distance is {MarkdownTable.Number(neighbours.GeneratedMedian)} for generated images and ");
        _page.Append($"{MarkdownTable.Number(neighbours.TestMedian)} for unseen test images; {neighbours.NearerThanAnyTest} of ");
        _page.Append($"{neighbours.Pairs.Count} generated images are nearer to a training image than any test image is.\n\n");
        _page.Append($"![Distances]({ReportFolder.NeighbourPlotFile})\n\n");
        _page.Append($"The nearest pairs, generated above and training below:\n\n![Nearest pairs]({ReportFolder.NeighboursFile})\n\n");
        IEnumerable<NeighbourPair> shown = neighbours.Pairs.Take(ReportFolder.PairsShown);
        _page.AppendTable(["generated", "seed", "nearest training image", "distance"], shown.Select(p => new[]
        {
            p.Prompt, $"{p.Seed}", p.TrainingName, MarkdownTable.Number(p.Distance),
        }));
    }
}
