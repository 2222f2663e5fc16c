using System.Diagnostics;
using System.Globalization;
using System.Text;
using LatentDiffusion;
using LatentDiffusion.Data;
using LatentDiffusion.Models.Drawings;
using LatentDiffusion.Samples;
using static TorchSharp.torch;

namespace Lab;

/// <summary>Samplers, steps, guidance and distillation, compared in quality and speed.</summary>
internal static class Improvements
{
    private static readonly int[] s_referenceSteps = [1000, 500, 250, 100];

    // Fewer rounds of the small model than this say little about quality.
    private const int WantedRounds = 4;

    private const int ReadyModelPrompts = 60, PerRound = 2;

    public static Section Run(LabContext lab, DrawingSets data, DiffusionPipeline small, DiffusionPipeline ready)
    {
        lab.Log.Write("comparing improvements");
        var html = new StringBuilder();
        html.Append("""
            <p>Plain DDPM takes one step for each of its timesteps, without guidance. Other solvers take fewer steps; guidance extrapolates
            from the prediction without the text to that with it:</p>

            """);
        html.Append(Equations.Guidance);
        using var scorer = new NeighbourScorer(data.Training.Images);
        html.Append(SmallModel(lab, data, small, scorer));
        html.Append(ReadyModel(lab, ready, scorer));
        return new Section("improvements", "Improvements in quality and speed", html.ToString());
    }

    private static string SmallModel(LabContext lab, DrawingSets data, DiffusionPipeline small, NeighbourScorer scorer)
    {
        TimeSpan time = lab.Time.For(TimeBudget.SmallModelComparison);
        string[] prompts = [.. data.UnseenCaptions.Images.Select(image => image.Caption)];
        int reference = ReferenceSteps(lab, small, prompts, time);
        SamplingMethod[] methods =
        [
            .. new[] { reference, 50, 20 }.Select(steps => Method("DDPM", "ddpm", steps)),
            .. new[] { 50, 20, 10, 5 }.Select(steps => Method("DDIM", "ddim", steps)),
            .. new[] { 20, 10, 5 }.Select(steps => Method("DPM-Solver++", "dpm++", steps)),
            .. new[] { 2.0, 4.0 }.Select(scale => Method("DPM-Solver++", "dpm++", 20, scale)),
        ];
        IReadOnlyList<MethodResult> results =
            new MethodComparison(lab, prompts, SamplingMethod.BatchSize).Run(methods, time);
        int count = results[0].Images.Count;
        // Two different sets of drawings show how far the distances are from 0 by chance.
        var quality = new QualityTable(
            lab, scorer, results, [.. data.UnseenCaptions.Images.Take(count)], [.. data.UnseenCaptions.Images.TakeLast(count)]);
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"""
            <h3>The model of this report</h3>
            <p>Each method draws the same {count} captions, none of which was trained, with the same seeds,
            {SamplingMethod.BatchSize} images at a time. A step evaluates the U-Net once, with guidance twice. Speed is relative to the
            first row.</p>

            """);
        html.Append(quality.Write()).Append(quality.Explanation);
        string[] solvers = ["DDPM", "DDIM", "DPM-Solver++"];
        html.Append(Html.Plots(
            Html.Figure(lab.Report, "solver-distance", "Kernel distance to drawings, lower is better, without guidance", Plot(
                "kernel distance", quality.Kernel)),
            Html.Figure(lab.Report, "solver-adherence", "Images of the right subject, without guidance", Plot(
                "right subject", i => quality.Subject(i).Fraction))));
        return html.ToString();

        SamplingMethod Method(string name, string scheduler, int steps, double guidance = 1) => new(name, small)
        {
            Scheduler = scheduler, Steps = steps, Guidance = guidance,
        };

        LinePlot Plot(string label, Func<int, double> value) => new(
            "evaluations", label,
            [.. solvers.Select(solver =>
            {
                int[] own =
                [
                    .. Enumerable.Range(0, methods.Length).Where(i => methods[i].Name == solver && methods[i].Guidance == 1)
                        .OrderBy(i => methods[i].Steps),
                ];
                return new Curve(solver, [.. own.Select(i => (double)methods[i].Steps!)], [.. own.Select(value)]) { HasMarkers = true };
            })])
        {
            LogarithmicX = true,
        };
    }

    /// <summary>The steps of plain DDPM: all timesteps, or fewer where the time does not suffice.</summary>
    private static int ReferenceSteps(LabContext lab, DiffusionPipeline small, string[] prompts, TimeSpan time)
    {
        const int Trial = 20;
        var method = new SamplingMethod("DDPM", small) { Scheduler = "ddpm", Steps = Trial, Guidance = 1 };
        string[] batch = [.. prompts.Take(SamplingMethod.BatchSize)];
        method.Draw(batch, 0, lab.Cancellation);
        var clock = Stopwatch.StartNew();
        method.Draw(batch, 0, lab.Cancellation);
        // The other methods have about 300 evaluations together.
        double fitting = time / clock.Elapsed * Trial / WantedRounds - 300;
        return s_referenceSteps.FirstOrDefault(steps => steps <= fitting, s_referenceSteps[^1]);
    }

    private static string ReadyModel(LabContext lab, DiffusionPipeline ready, NeighbourScorer scorer)
    {
        using DiffusionPipeline? fewSteps = lab.Settings.Model is null
            ? new DiffusionPipelineBuilder().UseLoggerFactory(new WarningsToConsole()).UseFewStepDrawingsModel(CPU).Build()
            : null;
        var methods = new List<SamplingMethod>
        {
            new("DDPM", ready) { Scheduler = "ddpm", Steps = 50, Guidance = 1 },
            new("DDIM", ready) { Scheduler = "ddim", Steps = 20, Guidance = 1 },
            new("DPM-Solver++", ready) { Scheduler = "dpm++", Steps = 10, Guidance = 1 },
            new("its own settings", ready),
        };
        if (fewSteps is not null) methods.Add(new SamplingMethod("distilled to few steps", fewSteps));

        DrawingCombination[] combinations = Combinations();
        int size = ready.Model!.SampleSize * ready.Model.Autoencoder.DownsamplingFactor;
        IReadOnlyList<MethodResult> results = new MethodComparison(lab, [.. combinations.Select(Caption)], PerRound)
            .Run(methods, lab.Time.For(TimeBudget.ReadyModelComparison));
        int count = results[0].Images.Count;
        var quality = new QualityTable(lab, scorer, results, Drawings(20_001), Drawings(20_002));
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"""
            <h3>The ready-made model</h3>
            <p>{count} captions that were left out of its training, the six prompts first, one image at a time.{(fewSteps is null ? ""
            : " The distilled model is the ready-made one with adapters that learned to cover a quarter of the schedule in each step, "
            + "guidance included.")} So few images compare speed well, and quality hardly: look at them.</p>

            """);
        html.Append(quality.Write());
        html.Append("<div class=\"grids\">\n");
        foreach ((int index, MethodResult result) in results.Index())
        {
            html.Append(Html.Row(
                lab.Report, $"method-{index}", $"{result.Method.Name}, {result.Method.StepCount} steps",
                [.. result.Images.Take(DrawingCatalog.Prompts.Count)]));
        }

        return html.Append("</div>\n").ToString();

        CaptionedImage[] Drawings(ulong seed)
        {
            var source = new DrawingSource(unchecked(lab.Settings.Seed + seed), DrawingSplit.HeldOut, size);
            return [.. combinations.Take(count).Select(combination =>
            {
                Drawing drawing = source.Draw(combination, 0);
                return new CaptionedImage(
                    new ImageBuffer(size, size, drawing.Rgb.Span), Caption(combination), combination.ToString());
            })];
        }
    }

    /// <summary>The combinations of the six prompts, then others that were left out of the training, the subjects in turn.</summary>
    private static DrawingCombination[] Combinations() =>
    [
        .. DrawingSets.Prompted,
        .. DrawingCatalog.HeldOut.Where(c => DrawingSets.Subjects.Contains(c.Subject) && !DrawingSets.Prompted.Contains(c))
            .GroupBy(c => c.Subject).SelectMany(subject => subject.Index()).OrderBy(pair => pair.Index).Select(pair => pair.Item)
            .Take(ReadyModelPrompts - DrawingSets.Prompted.Count),
    ];

    private static string Caption(DrawingCombination combination) =>
        DrawingSets.Prompted.Index().FirstOrDefault(pair => pair.Item == combination) is { Item: not null } prompted
            ? DrawingCatalog.Prompts[prompted.Index]
            : combination.Caption(DrawingTemplate.DrawingOf);
}
