using System.Globalization;
using System.Text;
using LatentDiffusion.Evaluation;

namespace FineTune;

/// <summary>The page about a finished run.</summary>
internal static class RunReport
{
    private const int Averaged = 10;

    public static void Write(RunContext context, RunObjective objective, string result, string? effect)
    {
        (RunFolder run, FineTuneSettings settings) = (context.Run, context.Settings);
        var page = new StringBuilder("# Fine-tuning\n\n");
        page.Append(CultureInfo.InvariantCulture, $"`{NameOf(settings.Model!)}`, method {context.Stage}, ");
        page.Append(CultureInfo.InvariantCulture, $"on {context.Images.Count} images of ");
        page.Append(CultureInfo.InvariantCulture, $"`{NameOf(settings.Data.Path!)}` sorted into {context.Images.Buckets.Count} sizes, ");
        page.Append(CultureInfo.InvariantCulture, $"{settings.Training.Steps} steps of {settings.Objective.BatchSize} images. ");
        page.Append(CultureInfo.InvariantCulture, $"{objective.Trained:N0} values were trained.\n\n");
        page.Append(CultureInfo.InvariantCulture, $"The result is `{Path.GetRelativePath(run.Location, result)}`.\n\n");
        if (ProcessMemory.Peak is > 0 and var peak)
            page.Append(CultureInfo.InvariantCulture, $"Peak memory of the process: {ProcessMemory.Text(peak)}.\n\n");
        page.Append("## Loss\n\n");
        if (run.Read(context.Stage, MetricNames.Loss) is { Count: > 0 } losses)
        {
            page.Append(CultureInfo.InvariantCulture, $"Training loss {Mean(losses.Take(Averaged)):G4} at the beginning and ");
            page.Append(CultureInfo.InvariantCulture, $"{Mean(losses.TakeLast(Averaged)):G4} at the end ");
            page.Append(CultureInfo.InvariantCulture, $"(means of {Averaged} records).\n\n");
        }

        if (run.Read(context.Stage, MetricNames.ValidationLoss) is [.., var last] validation)
        {
            MetricPoint best = validation.MinBy(p => p.Value);
            page.Append(CultureInfo.InvariantCulture, $"{run.Judge(context.Stage)}\n\nValidation loss {last.Value:G4} at the end, ");
            page.Append(CultureInfo.InvariantCulture, $"lowest {best.Value:G4} at step {best.Step}.\n\n");
        }

        page.Append("![Loss](loss.png)\n\n");
        if (effect is not null) page.Append(CultureInfo.InvariantCulture, $"## Effect on images\n\n{effect}\n\n");
        string[] grids = Directory.Exists(run.Samples) ? [.. Directory.GetFiles(run.Samples, "*.png").Order(StringComparer.Ordinal)] : [];
        if (grids.Length > 0) page.Append("## Images\n\n");
        foreach (string grid in grids.Length > 1 ? [grids[0], grids[^1]] : grids)
            page.Append(CultureInfo.InvariantCulture, $"![{Path.GetFileNameWithoutExtension(grid)}](samples/{Path.GetFileName(grid)})\n\n");
        run.Save("report.md", Encoding.UTF8.GetBytes(page.ToString()));
    }

    private static double Mean(IEnumerable<MetricPoint> points) => points.Average(point => point.Value);

    private static string NameOf(string path) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)));
}
