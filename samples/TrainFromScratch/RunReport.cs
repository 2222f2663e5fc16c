using System.Globalization;
using System.Text;
using LatentDiffusion.Evaluation;
using Spectre.Console;

namespace TrainFromScratch;

/// <summary>Says how a run ended: on the console, and as a page in its folder.</summary>
internal static class RunReport
{
    public static void Write(RunContext context)
    {
        RunFolder run = context.Run;
        AnsiConsole.MarkupLineInterpolated($"The model is in [bold]{run.Model}[/].");
        var page = new StringBuilder("# Training run\n\n");
        IReadOnlyList<MetricPoint> training = run.Read(DenoiserStage.Stage, MetricNames.Loss), validation = run.Read(DenoiserStage.Stage, MetricNames.ValidationLoss);
        page.Append(CultureInfo.InvariantCulture, $"{(context.Settings.Data is { } data ? $"Trained on `{Path.GetFileName(Path.TrimEndingDirectorySeparator(data))}`" : "Trained on drawings")}, ");
        page.Append(CultureInfo.InvariantCulture, $"{context.Material.Count} pictures (mirrored ones included), {(training.Count == 0 ? 0 : training[^1].Step)} steps of the denoiser.\n\n");
        if (validation.Count > 0)
        {
            ConvergenceEstimate estimate = run.Judge(DenoiserStage.Stage);
            AnsiConsole.MarkupLineInterpolated($"{estimate.ToString()}");
            MetricPoint best = validation.MinBy(p => p.Value);
            page.Append(CultureInfo.InvariantCulture, $"{estimate}\n\nValidation loss {validation[^1].Value:G4} at the end, lowest {best.Value:G4} at step {best.Step}.\n\n");
        }

        page.Append("![Loss of the denoiser](loss.png)\n\n");
        if (File.Exists(context.File("loss-autoencoder.png"))) page.Append("![Loss of the autoencoder](loss-autoencoder.png)\n\n");
        if (File.Exists(context.File("prompts.png"))) page.Append("![Six prompts](prompts.png)\n");
        File.WriteAllText(context.File("report.md"), page.ToString());
    }
}
