using System.Globalization;
using System.Text;
using LatentDiffusion.Evaluation;

namespace Lab;

/// <summary>Networks, loss curves and convergence of the training.</summary>
internal static class TrainingSection
{
    private const int Shown = 10;

    // The first losses of a training are so high that the rest of the curve would be flat.
    private const double LossesShown = 0.98;

    public static Section Run(LabContext lab, DrawingSets data, TrainingResult training)
    {
        var html = new StringBuilder();
        html.Append(CultureInfo.InvariantCulture, $"""
            <p>The model is trained from random weights on {data.Training.Images.Count} drawings of
            {lab.Settings.Size} × {lab.Settings.Size} pixels, of the subjects of the six prompts: {string.Join(", ", DrawingSets.Subjects)}.
            The captions of the six prompts, and a tenth of the other combinations, are left out of the training.</p>

            """);
        html.Append("<p>The autoencoder comes first. On its latents, U-Net and text encoder are then trained together with the ");
        html.Append("simple loss. In cross-attention, the positions of the latents are queries, and the tokens of the text ");
        html.Append("keys and values:</p>\n");
        html.Append(Equations.Attention);
        html.Append(Html.Table(
            ["network", "parameters", "steps", "minutes"],
            training.Parameters.Select(p => Network(p.Network, p.Count, p.Stage))));

        html.Append("<h3>Autoencoder</h3>\n");
        Estimate psnr = training.Quality.PeakSignalToNoise, ssim = training.Quality.StructuralSimilarity;
        html.Append(CultureInfo.InvariantCulture, $"""
            <p>It reconstructs validation images with a PSNR of {psnr.Mean:F1} dB ({psnr.Low:F1} to {psnr.High:F1}) and an SSIM of
            {ssim.Mean:F3} ({ssim.Low:F3} to {ssim.High:F3}); the brackets are 95 % intervals over images.</p>
            <div class="grids">

            """);
        html.Append(Html.Row(
            lab.Report, "originals", "validation images", [.. data.Validation.Images.Take(Shown).Select(image => image.Image)]));
        html.Append(Html.Row(lab.Report, "reconstructions", "reconstructions", [.. training.Quality.Reconstructions.Take(Shown)]));
        html.Append("</div>\n");
        html.Append(Html.Plots(Html.Figure(
            lab.Report, "loss-autoencoder", "Loss of the autoencoder", Losses(training.Autoencoder.Curves, logarithmic: true))));
        html.Append(Verdict(training.Autoencoder));

        html.Append("<h3>Text encoder and U-Net</h3>\n");
        html.Append(Html.Plots(
            Html.Figure(lab.Report, "loss-denoiser", "Simple loss", Losses(training.Denoiser.Curves, logarithmic: false)),
            Html.Figure(
                lab.Report, "loss-weighted", "Weighted loss on validation images, nats per latent value",
                new LinePlot("step", "weighted loss", new Curve("validation", Steps(training.Weighted), Values(training.Weighted))
                {
                    HasMarkers = true, Color = 1,
                })
                {
                    LogarithmicY = true,
                })));
        html.Append("""
            <p>All validations measure the same images with the same noise, so that they differ only by the weights. The training loss is
            not comparable with them: its captions are partly left out, and its weights are not averaged. Section 4 measures training and
            unseen images in the same way.</p>
            <h3>Convergence</h3>
            <p>A line in the logarithm of the step is fitted to the validations of the last half of the training.</p>

            """);
        html.Append(Verdict(training.Denoiser));
        return new Section("training", "Training and convergence", html.ToString());
    }

    private static string[] Network(string name, long parameters, StageResult stage) =>
    [
        name, parameters.ToString("N0", CultureInfo.InvariantCulture), $"{stage.Steps}",
        stage.Time.TotalMinutes.ToString("F1", CultureInfo.InvariantCulture),
    ];

    private static string Verdict(StageResult stage) => $"<p class=\"verdict\">{Html.Text(stage.Trend.ToString())}</p>\n";

    private static LinePlot Losses(LossCurves curves, bool logarithmic)
    {
        Dictionary<long, double> margins = curves.ValidationMargin.ToDictionary(m => m.Step, m => m.Value);
        IReadOnlyList<MetricPoint> smoothed = curves.Smoothed();
        double[] shown = [.. Values(curves.Loss).Order()];
        double high = shown[(int)((shown.Length - 1) * LossesShown)], low = Math.Min(shown[0], curves.Validation.Min(p => p.Value));
        return new LinePlot(
            "step", "loss",
            new Curve("training", Steps(curves.Loss), Values(curves.Loss)) { IsFaint = true, Color = 0 },
            new Curve("training, smoothed", Steps(smoothed), Values(smoothed)) { Color = 0 },
            new Curve("validation, 95 % interval", Steps(curves.Validation), Values(curves.Validation))
            {
                Margin = [.. curves.Validation.Select(p => margins.GetValueOrDefault(p.Step))], HasMarkers = true, Color = 1,
            })
        {
            LogarithmicY = logarithmic, YRange = (logarithmic ? low * 0.9 : 0, high * 1.05),
        };
    }

    private static double[] Steps(IReadOnlyList<MetricPoint> points) => [.. points.Select(p => (double)p.Step)];

    private static double[] Values(IReadOnlyList<MetricPoint> points) => [.. points.Select(p => p.Value)];
}
