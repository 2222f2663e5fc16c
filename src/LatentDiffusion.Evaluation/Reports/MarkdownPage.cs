using System.Text;

namespace LatentDiffusion.Evaluation;

/// <summary>The report as a page to read, with what each figure says in words.</summary>
internal sealed class MarkdownPage
{
    private readonly EvaluationReport _report;
    private readonly StringBuilder _page = new();

    private MarkdownPage(EvaluationReport report) => _report = report;

    public static string Write(EvaluationReport report)
    {
        var page = new MarkdownPage(report);
        page.Head();
        page.Course();
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
        _page.Append($"Test pictures: {MarkdownTable.Escaped(_report.TestSet)}. ");
        if (_report.TrainingSet is { } training) _page.Append($"Training pictures: {MarkdownTable.Escaped(training)}. ");
        _page.Append($"{_report.PictureSize} x {_report.PictureSize} pixels, seed {_report.Options.Seed}. ");
        _page.Append(FormattableString.Invariant($"Intervals are of {100 * _report.Options.Confidence:G4} % confidence, over pictures. The same figures in full: [{ReportFolder.JsonFile}]({ReportFolder.JsonFile}).\n\n"));
    }

    private void Course()
    {
        if (_report.Course is not { } course) return;
        _page.Append($"## Training\n\n{course.Convergence}\n\n![Loss of the {course.Stage} in training]({ReportFolder.CourseFile})\n\n");
    }

    private void Losses()
    {
        DenoisingLoss test = _report.TestLoss;
        LossComparison? comparison = _report.Memorisation;
        _page.Append("## Denoising loss\n\n");
        _page.Append($"Mean squared error of the predicted {test.PredictionType.ToString().ToLowerInvariant()}, {test.Pictures} test pictures");
        _page.Append(comparison is null ? ".\n\n" : $", {comparison.Training.Pictures} training pictures.\n\n");
        string Timesteps(LossBucket b) => $"{b.FirstTimestep} to {b.LastTimestep}";
        if (comparison is null)
        {
            _page.AppendTable(["timesteps", "test"], [
                .. test.Buckets.Select(b => new[] { Timesteps(b), MarkdownTable.Interval(b.Loss) }),
                ["all", MarkdownTable.Interval(test.Overall)]]);
        }
        else
        {
            _page.AppendTable(["timesteps", "test", "training", "gap"], [
                .. test.Buckets.Select((b, i) => new[]
                {
                    Timesteps(b), MarkdownTable.Interval(b.Loss), MarkdownTable.Interval(comparison.Training.Buckets[i].Loss), MarkdownTable.Interval(comparison.BucketGaps[i]),
                }),
                ["all", MarkdownTable.Interval(test.Overall), MarkdownTable.Interval(comparison.Training.Overall), MarkdownTable.Interval(comparison.Gap)]]);
            _page.Append(Verdict(comparison, string.Join(", ", comparison.HigherBuckets.Select(i => Timesteps(test.Buckets[i]))))).Append("\n\n");
        }

        _page.Append($"![Loss by timestep]({ReportFolder.LossFile})\n\n");
    }

    private static string Verdict(LossComparison comparison, string higher) => (comparison.ShowsMemorization, higher.Length > 0) switch
    {
        (true, _) => "The test loss is higher than the training loss beyond chance: the network remembers training pictures, or the test pictures are of another kind.",
        (false, true) => "Over all timesteps the test loss is not higher than the training loss beyond chance; at some it is, each range taken by itself: "
            + $"{higher}. There the network may begin to remember training pictures.",
        (false, false) => "The test loss is not higher than the training loss beyond chance: these figures show no memorisation.",
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
        if (quality.Codes is { } codes) rows.Add(["codes used", $"{codes.Used} of {codes.Codes}, perplexity {MarkdownTable.Number(codes.Perplexity)}"]);
        _page.AppendTable(["", "test pictures"], rows);
        _page.Append($"Originals above, as given back below:\n\n![Reconstructions]({ReportFolder.ReconstructionsFile})\n\n");
    }

    private void Samples()
    {
        if (_report.Samples is not { } sheet) return;
        _page.Append($"## Samples\n\nSeeds from {sheet.FirstSeed}, one a column; the rows' prompts, from the top:\n\n");
        for (int i = 0; i < sheet.Prompts.Count; i++) _page.Append($"{i + 1}. {MarkdownTable.Escaped(sheet.Prompts[i])}\n");
        _page.Append($"\n![Samples]({ReportFolder.SamplesFile})\n\n");
    }

    private void Adherence()
    {
        if (_report.Adherence is not { } adherence) return;
        _page.Append($"## Prompts\n\n{adherence.Pictures} generated pictures, as judged by {MarkdownTable.Escaped(adherence.Scorer)}.\n\n");
        _page.AppendTable(["aspect", "right", "mean score"], [
            .. adherence.Aspects.Select(a => new[] { a.Aspect, MarkdownTable.Percent(a.Right), MarkdownTable.Number(a.MeanScore, "F3") }),
            ["all at once", MarkdownTable.Percent(adherence.All), ""]]);
    }

    private void Distances()
    {
        if (_report.Distances.Count == 0) return;
        _page.Append("## Distances from the test pictures\n\n");
        _page.Append("Read the generated pictures' row beside the training pictures': as many real pictures, in the same features. These are not the distances of the literature, which are of Inception features and of tens of thousands of pictures.\n\n");
        _page.AppendTable(["features", "set", "pictures", "Fréchet", "kernel", "precision", "recall"], _report.Distances.Select(d => new[]
        {
            d.Features, d.Set, $"{d.Pictures}", MarkdownTable.Number(d.Frechet), Kernel(d.Kernel),
            MarkdownTable.Number(d.PrecisionRecall.Precision, "F2"), MarkdownTable.Number(d.PrecisionRecall.Recall, "F2"),
        }));
        if (_report.Distances.Any(d => d.Pictures <= 2 * d.Width))
            _page.Append("There are few pictures for the number of features: the Fréchet distance is mostly bias here, and only its ratio between rows says something.\n\n");
        if (_report.Distances.Any(d => d.Kernel.StandardError is null))
            _page.Append("All pictures were in the one subset of the kernel distance, whose error is then not known.\n\n");
    }

    private static string Kernel(KernelDistance distance) =>
        distance.StandardError is { } error ? $"{MarkdownTable.Number(distance.Mean)} ± {MarkdownTable.Number(error, "G2")}" : MarkdownTable.Number(distance.Mean);

    private void Neighbours()
    {
        if (_report.Neighbours is not { } neighbours) return;
        _page.Append($"## Nearest training pictures\n\nAmong {neighbours.Pool} training pictures{(neighbours.Mirrored ? " and as many mirrored ones" : "")}, by {neighbours.Features}. ");
        _page.Append($"The median distance is {MarkdownTable.Number(neighbours.GeneratedMedian)} for generated pictures and {MarkdownTable.Number(neighbours.TestMedian)} for unseen test pictures; ");
        _page.Append($"{neighbours.NearerThanAnyTest} of {neighbours.Pairs.Count} generated pictures are nearer to a training picture than any test picture is.\n\n");
        _page.Append($"![Distances]({ReportFolder.NeighbourPlotFile})\n\nThe nearest pairs, generated above and training below:\n\n![Nearest pairs]({ReportFolder.NeighboursFile})\n\n");
        _page.AppendTable(["generated", "seed", "nearest training picture", "distance"], neighbours.Pairs.Take(ReportFolder.PairsShown).Select(p => new[]
        {
            p.Prompt, $"{p.Seed}", p.TrainingName, MarkdownTable.Number(p.Distance),
        }));
    }
}
