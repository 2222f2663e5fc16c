using System.Globalization;
using System.Text;
using LatentDiffusion.Evaluation;
using Spectre.Console;

namespace TrainFromScratch;

/// <summary>Reports the result of a run on the console, and as a page in its folder.</summary>
internal static class RunReport
{
    public static void Write(RunContext context, RunFolder run)
    {
        AnsiConsole.MarkupLineInterpolated($"The model is in [bold]{run.Model}[/].");
        var page = new StringBuilder("# Training run\n\n");
        string data = context.Settings.Data is { } path
            ? $"`{Path.GetFileName(Path.TrimEndingDirectorySeparator(path))}`"
            : "drawings";
        string mirrored = context.Settings.Data is not null && context.Recipe.Mirror ? " (mirrored ones included)" : "";
        page.Append(CultureInfo.InvariantCulture, $"Trained on {data}, {context.Material.Count} images{mirrored}, ");
        page.Append(CultureInfo.InvariantCulture, $"{LastStep(run, DenoiserStage.Stage)} steps of the denoiser");
        page.Append(LastStep(run, AutoencoderStage.Stage) is > 0 and var steps
            ? string.Create(CultureInfo.InvariantCulture, $" after {steps} of the autoencoder.")
            : "; the autoencoder was given.");
        page.Append(context.Settings.Data is null ? " It was validated on drawings of another seed.\n\n"
            : context.Material.Validation is null ? " No images were held out for validation.\n\n"
            : " The model was validated on images that it was not trained on; images kept for testing were not used.\n\n");

        page.Append("## Denoiser\n\n");
        Trend(page, run, DenoiserStage.Stage);
        page.Append("![Loss of the denoiser](loss.png)\n\n");
        if (File.Exists(context.File("prompts.png"))) page.Append("![Six prompts](prompts.png)\n\n");

        page.Append("## Autoencoder\n\n");
        if (run.Read(AutoencoderStage.Stage, AutoencoderStage.Psnr) is [.., var psnr]
            && run.Read(AutoencoderStage.Stage, AutoencoderStage.Ssim) is [.., var ssim])
        {
            page.Append("It reconstructs images of the validation set with ");
            page.Append(CultureInfo.InvariantCulture, $"a PSNR of {psnr.Value:F2} dB and an SSIM of {ssim.Value:F3}:\n\n");
            page.Append("![Images of the validation set, and their reconstructions]");
            page.Append(CultureInfo.InvariantCulture, $"(samples/{AutoencoderStage.Stage}-{psnr.Step:D9}.png)\n\n");
        }

        Trend(page, run, AutoencoderStage.Stage);
        if (File.Exists(context.File(AutoencoderStage.LossFile)))
            page.Append(CultureInfo.InvariantCulture, $"![Loss of the autoencoder]({AutoencoderStage.LossFile})\n\n");
        if (context.Settings.Data is null || context.Settings.Test > 0)
            page.Append("`samples/Evaluate --run` with this folder measures the model on the images kept for testing.\n");
        run.Save("report.md", Encoding.UTF8.GetBytes(page.ToString()));
    }

    /// <summary>The trend of a stage's validation loss, if it was validated.</summary>
    private static void Trend(StringBuilder page, RunFolder run, string stage)
    {
        if (run.Read(stage, MetricNames.ValidationLoss) is not [.., var last] validation) return;
        ConvergenceEstimate estimate = run.Judge(stage);
        MetricPoint best = validation.MinBy(p => p.Value);
        page.Append(CultureInfo.InvariantCulture, $"{estimate}\n\nValidation loss {last.Value:G4} at the end, ");
        page.Append(CultureInfo.InvariantCulture, $"lowest {best.Value:G4} at step {best.Step}.\n\n");
    }

    private static long LastStep(RunFolder run, string stage) => run.Read(stage, MetricNames.Loss) is [.., var last] ? last.Step : 0;
}
