using System.Globalization;
using LatentDiffusion.Evaluation;
using Spectre.Console;

namespace Evaluate;

/// <summary>Prints the report's figures to the console.</summary>
internal static class ResultTables
{
    public static void Print(EvaluationReport report)
    {
        AnsiConsole.Write(Losses(report.TestLoss, report.LossComparison));
        var figures = new Table().AddColumns("figure", "value");
        if (report.Bound is { } bound)
        {
            string variance = bound.Variance.ToString().ToLowerInvariant();
            figures.AddRow("variational bound, bits per latent value", $"{Text(bound.Total)}, {variance}");
        }

        if (report.Autoencoder is { } autoencoder)
        {
            figures.AddRow("autoencoder PSNR, dB", Text(autoencoder.PeakSignalToNoise, "F2"));
            figures.AddRow("autoencoder SSIM", Text(autoencoder.StructuralSimilarity));
            if (autoencoder.BitsPerPixel is { } bits) figures.AddRow("autoencoder rate, bits per pixel", Text(bits));
        }

        foreach (SetDistance distance in report.Distances)
        {
            figures.AddRow(
                Markup.Escape($"{distance.Set} to test, Fréchet / kernel, {distance.Features}"),
                $"{Text(distance.Frechet)} / {Text(distance.Kernel.Mean)}");
        }

        if (report.Neighbours is { } neighbours)
        {
            figures.AddRow(
                "median distance to the nearest training image, generated / test",
                $"{Text(neighbours.GeneratedMedian)} / {Text(neighbours.TestMedian)}");
        }

        foreach (AspectAdherence aspect in report.Adherence?.Aspects ?? [])
            figures.AddRow(Markup.Escape($"prompts: {aspect.Aspect} right"), $"{aspect.Right.Successes} of {aspect.Right.Count}");
        AnsiConsole.Write(figures);
    }

    private static Table Losses(DenoisingLoss test, LossComparison? comparison)
    {
        var table = new Table().AddColumns("timesteps", "test loss");
        if (comparison is not null) table.AddColumns("training loss", "gap");
        for (int i = 0; i < test.Buckets.Count; i++)
        {
            LossBucket bucket = test.Buckets[i];
            string timesteps = $"{bucket.FirstTimestep} to {bucket.LastTimestep}";
            Row(table, timesteps, bucket.Loss, comparison?.Training.Buckets[i].Loss, comparison?.BucketGaps[i]);
        }

        Row(table, "all", test.Overall, comparison?.Training.Overall, comparison?.Gap);
        return table;
    }

    private static void Row(Table table, string timesteps, params Estimate?[] values) =>
        table.AddRow([timesteps, .. values.OfType<Estimate>().Select(v => Text(v))]);

    private static string Text(Estimate estimate, string format = "F4")
    {
        string mean = estimate.Mean.ToString(format, CultureInfo.InvariantCulture);
        return $"{mean} ± {((estimate.High - estimate.Low) / 2).ToString(format, CultureInfo.InvariantCulture)}";
    }

    private static string Text(double value) => value.ToString("G4", CultureInfo.InvariantCulture);
}
