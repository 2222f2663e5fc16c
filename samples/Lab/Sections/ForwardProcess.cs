using System.Globalization;
using System.Text;
using LatentDiffusion;
using LatentDiffusion.Imaging;
using LatentDiffusion.Models.Drawings;
using LatentDiffusion.Runtime;
using LatentDiffusion.Schedulers;
using TorchSharp;
using static TorchSharp.torch;

namespace Lab;

/// <summary>One drawing with more and more noise, in pixels and in the latents of a model.</summary>
internal static class ForwardProcess
{
    private static readonly int[] s_timesteps = [0, 50, 100, 200, 300, 400, 500, 600, 800, 999];

    public static Section Run(LabContext lab, DiffusionModel ready)
    {
        lab.Log.Write("forward process");
        NoiseSchedule linear = NoiseSchedule.Linear();
        int size = ready.SampleSize * ready.Autoencoder.DownsamplingFactor;
        Drawing drawing = new DrawingSource(lab.Settings.Seed, DrawingSplit.HeldOut, size).Draw(DrawingSets.Prompted[1], 0);
        var image = new ImageBuffer(drawing.Size, drawing.Size, drawing.Rgb.Span);

        var html = new StringBuilder();
        html.Append("<p>The forward process adds Gaussian noise in T steps. Its closed form reaches any timestep in one step:</p>\n");
        html.Append(Equations.Forward);
        html.Append("<p>ᾱ<sub>t</sub> is the product of all α = 1 − β up to t, and ᾱ/(1 − ᾱ) is the signal-to-noise ratio (SNR). ");
        html.Append(CultureInfo.InvariantCulture, $"The drawing is “{Html.Text(drawing.Caption)}”, ");
        html.Append("and the noise ε is the same in all images.</p>\n");
        html.Append("<h3>In pixels</h3>\n<p>The schedule of DDPM: β grows linearly from 0.0001 to 0.02.</p>\n");
        using Tensor pixels = ImageTensor.FromImage(image);
        html.Append(Html.Strip(lab.Report, "forward-pixels", Noised(lab, linear, pixels, x => x.alias())));

        if (DiffusionProcess.FromConfig(ready.SchedulerConfig).Schedule is { } own)
        {
            using LatentDistribution latents = ready.Autoencoder.Encode(pixels, lab.Cancellation);
            html.Append(CultureInfo.InvariantCulture, $"""
                <h3>In latents</h3>
                <p>The autoencoder of the ready-made model makes {string.Join(" × ", latents.Mean.shape[1..])} latents of
                3 × {size} × {size} pixels. Noise is added to the latents with that model's schedule; the images show them decoded.</p>

                """);
            html.Append(Html.Strip(
                lab.Report, "forward-latents", Noised(lab, own, latents.Mean, x => ready.Autoencoder.Decode(x, lab.Cancellation))));
        }

        html.Append("<h3>Schedules</h3>\n");
        html.Append(Html.Plots(
            Html.Figure(lab.Report, "schedules", "ᾱ, the fraction of signal in the variance", Schedules("ᾱ", (s, t) => s.AlphasCumprod[t])),
            Html.Figure(
                lab.Report, "snr", "Signal-to-noise ratio ᾱ/(1 − ᾱ)",
                Schedules("SNR", (s, t) => s.SignalToNoiseRatio(t), logarithmic: true))));
        return new Section("forward", "Forward process", html.ToString());
    }

    private static IEnumerable<(ImageBuffer, string)> Noised(
        LabContext lab, NoiseSchedule schedule, Tensor clean, Func<Tensor, Tensor> decode)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var noise = new GeneratorNoise(lab.Settings.Seed);
        Tensor epsilon = noise.NextLike(clean);
        return [.. s_timesteps.Where(t => t < schedule.Timesteps).Select(t =>
        {
            Tensor noisy = schedule.AddNoise(clean, epsilon, tensor(new[] { (long)t }));
            string caption = string.Create(
                CultureInfo.InvariantCulture,
                $"t = {t}<br>ᾱ = {schedule.AlphasCumprod[t]:G3}<br>SNR = {schedule.SignalToNoiseRatio(t):G3}");
            return (ImageTensor.ToImages(decode(noisy))[0], caption);
        })];
    }

    private static LinePlot Schedules(string label, Func<NoiseSchedule, int, double> value, bool logarithmic = false)
    {
        (string Name, NoiseSchedule Schedule)[] schedules =
        [
            ("linear (DDPM)", NoiseSchedule.Linear()), ("scaled linear (LDM)", NoiseSchedule.ScaledLinear()),
            ("cosine", NoiseSchedule.Cosine()),
        ];
        return new LinePlot("t", label, [.. schedules.Select(s => Curve(s.Name, s.Schedule))])
        {
            LogarithmicY = logarithmic, YRange = logarithmic ? (1e-5, 1e4) : null,
        };

        Curve Curve(string name, NoiseSchedule schedule)
        {
            int[] t = [.. Enumerable.Range(0, schedule.Timesteps / 5).Select(i => i * 5)];
            return new Curve(name, [.. t.Select(i => (double)i)], [.. t.Select(i => value(schedule, i))]);
        }
    }
}
