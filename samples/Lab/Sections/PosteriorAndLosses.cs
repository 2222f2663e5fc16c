using System.Globalization;
using System.Text;
using LatentDiffusion;
using LatentDiffusion.Schedulers;
using LatentDiffusion.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Lab;

/// <summary>Checks the posterior against a simulation, and the weighted loss against the divergence of two Gaussians.</summary>
internal static class PosteriorAndLosses
{
    private const int Samples = 400_000, Values = 100_000;
    private const double Clean = 0.7;

    private static readonly int[] s_timesteps = [1, 10, 50, 100, 300, 500, 700, 999];

    public static Section Run(LabContext lab)
    {
        lab.Log.Write("posterior and losses");
        NoiseSchedule schedule = NoiseSchedule.Linear();
        var html = new StringBuilder("<p>With x<sub>0</sub> known, the step back is a Gaussian:</p>\n");
        html.Append(Equations.Posterior).Append(Equations.PosteriorMoments);
        html.Append(CultureInfo.InvariantCulture, $"""
            <p>The table compares the closed forms with {Samples} simulated pairs (x<sub>t−1</sub>, x<sub>t</sub>) for x<sub>0</sub> =
            {Clean}: the regression of x<sub>t−1</sub> on x<sub>t</sub> has the slope and the intercept of μ̃, and its residual the
            variance β̃. z is the difference in standard errors; |z| above 3 would be rare by chance.</p>

            """);
        html.Append(Html.Table(
            ["t", "slope of μ̃", "simulated", "z", "intercept of μ̃", "simulated", "z", "β̃", "simulated", "z"],
            s_timesteps.Select(t => Simulated(schedule, t, lab.Settings.Seed))));

        html.Append("<h3>Losses</h3>\n<p>The network does not know x<sub>0</sub>. It predicts the noise, ");
        html.Append("which gives the mean of the step back:</p>\n");
        html.Append(Equations.Reverse);
        html.Append("<p>The variational bound compares both Gaussians at each timestep. This divergence is a weighted error ");
        html.Append("of the noise:</p>\n");
        html.Append(Equations.WeightedLoss);
        html.Append("<p>The simple loss leaves out the weight. It counts noisy timesteps for more, which gives better images:</p>\n");
        html.Append(Equations.SimpleLoss);
        html.Append("""
            <p>The table takes a prediction that is wrong by Gaussian noise of variance 0.01. Its divergence is computed from the means
            μ̃ and μ<sub>θ</sub>, its weighted loss from the noise; both columns are in nats per value and agree up to rounding.</p>

            """);
        html.Append(Html.Table(
            ["t", "weight w<sub>t</sub>", "simple loss", "weighted loss", "divergence", "relative difference"],
            s_timesteps.Select(t => Losses(schedule, t, lab.Settings.Seed))));
        html.Append(Html.Plots(Html.Figure(lab.Report, "weights", "Weight of the squared error of ε at each timestep", Weights(schedule))));
        return new Section("posterior", "Posterior and losses", html.ToString());
    }

    private static string[] Simulated(NoiseSchedule schedule, int t, ulong seed)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(unchecked(seed + (ulong)t));
        double before = schedule.AlphasCumprod[t - 1];
        Tensor earlier = Noise(Samples, generator).Multiply(Math.Sqrt(1 - before)).Add(Math.Sqrt(before) * Clean);
        Tensor later = earlier.Multiply(Math.Sqrt(schedule.Alphas[t])).Add(Noise(Samples, generator), Math.Sqrt(schedule.Betas[t]));

        double meanEarlier = earlier.mean().item<double>(), meanLater = later.mean().item<double>();
        Tensor x = later.Subtract(meanLater), y = earlier.Subtract(meanEarlier);
        double variance = x.Square().mean().item<double>(), slope = (x * y).mean().item<double>() / variance;
        double intercept = meanEarlier - slope * meanLater;
        double residual = y.Add(x, -slope).Square().mean().item<double>() * Samples / (Samples - 2);
        double slopeError = Math.Sqrt(residual / (variance * Samples));
        double interceptError = Math.Sqrt(residual / Samples * (1 + meanLater * meanLater / variance));
        double residualError = residual * Math.Sqrt(2.0 / Samples);

        (double clean, double noisy) = schedule.PosteriorMean(t);
        return
        [
            $"{t}",
            .. Compared(noisy, slope, slopeError), .. Compared(clean * Clean, intercept, interceptError),
            .. Compared(schedule.PosteriorVariance(t), residual, residualError),
        ];
    }

    private static string[] Compared(double exact, double simulated, double error) =>
        [Fixed(exact), Fixed(simulated), ((simulated - exact) / error).ToString("+0.0;−0.0", CultureInfo.InvariantCulture)];

    private static string[] Losses(NoiseSchedule schedule, int t, ulong seed)
    {
        using DisposeScope scope = NewDisposeScope();
        using var generator = new Generator(unchecked(seed + (ulong)t));
        Tensor clean = Noise(Values, generator), noise = Noise(Values, generator);
        Tensor predicted = noise.Add(Noise(Values, generator), 0.1);
        double alphaBar = schedule.AlphasCumprod[t];
        Tensor noisy = clean.Multiply(Math.Sqrt(alphaBar)).Add(noise, Math.Sqrt(1 - alphaBar));

        (double ofClean, double ofNoisy) = schedule.PosteriorMean(t);
        (double ofNoisyToo, double ofNoise) = schedule.PosteriorMeanFromNoise(t);
        Tensor posterior = clean.Multiply(ofClean).Add(noisy, ofNoisy), model = noisy.Multiply(ofNoisyToo).Add(predicted, ofNoise);
        double divergence = (posterior - model).Square().mean().item<double>() / (2 * schedule.PosteriorVariance(t));
        double simple = (noise - predicted).Square().mean().item<double>(), weight = schedule.VariationalWeight(t);
        return
        [
            $"{t}", Html.Number(weight), Html.Number(simple), Html.Number(weight * simple), Html.Number(divergence),
            Html.Number(Math.Abs(weight * simple / divergence - 1)),
        ];
    }

    private static LinePlot Weights(NoiseSchedule schedule)
    {
        (string Name, LossWeighting Weighting)[] weightings =
        [
            ("simple loss", new UniformWeighting()), ("variational bound", new VariationalWeighting()),
            ("min-SNR, γ = 5", new MinSnrWeighting()),
        ];
        int[] t = [.. Enumerable.Range(0, schedule.Timesteps)];
        return new LinePlot("t", "weight", [.. weightings.Select(w => new Curve(
            w.Name, [.. t.Select(i => (double)i)], [.. t.Select(i => w.Weighting.At(schedule, PredictionType.Epsilon, i))]))])
        {
            LogarithmicY = true, Legend = ScottPlot.Alignment.LowerRight,
        };
    }

    private static Tensor Noise(int count, Generator generator) => randn(count, dtype: ScalarType.Float64, generator: generator);

    private static string Fixed(double value) => value.ToString("F6", CultureInfo.InvariantCulture);
}
