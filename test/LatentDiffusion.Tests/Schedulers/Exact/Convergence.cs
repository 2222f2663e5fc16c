using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Schedulers.Exact;

/// <summary>Error of a deterministic sampler against the exact probability flow.</summary>
/// <param name="Evaluations">Number of network evaluations.</param>
/// <param name="Error">Root mean square error over the samples.</param>
public sealed record Convergence(int Evaluations, double Error)
{
    /// <summary>Runs a scheduler with the exact denoiser of some data from the first level to <paramref name="end"/>.</summary>
    /// <param name="scheduler">The scheduler.</param>
    /// <param name="data">The data.</param>
    /// <param name="steps">Number of steps.</param>
    /// <param name="end">The timestep at which to compare; null for the last evaluation.</param>
    public static Convergence Measure(NoiseScheduler scheduler, GaussianMixture data, int steps, double? end = null)
    {
        using DisposeScope scope = NewDisposeScope();
        SamplingOptions options = new() { Steps = steps, Eta = scheduler is TcdScheduler ? 0 : null };
        using ISchedulerRun run = scheduler.Start(scheduler.Plan(options, new LatentShape(1, 4, 8)));
        ExactModel model = new(data, scheduler);
        (double, double) first = model.LevelOf(run);
        Tensor x = data.FromNormal(linspace(-2, 2, 32, dtype: ScalarType.Float64).reshape(1, 1, 4, 8), first), start = x;
        int evaluations = 0;
        while (run.StepIndex < run.Timesteps.Count - 1 && run.Timestep != end)
        {
            x = run.Step(model.Predict(run, x), x);
            evaluations++;
        }

        Tensor exact = data.Flow(start, first, model.LevelOf(run));
        return new Convergence(evaluations, (x - exact).square().mean().sqrt().item<double>());
    }

    /// <summary>The order at which errors fall: minus the slope of log error over log evaluations, by least squares.</summary>
    public static double Order(IReadOnlyList<Convergence> points)
    {
        double[] x = [.. points.Select(p => Math.Log(p.Evaluations))], y = [.. points.Select(p => Math.Log(p.Error))];
        double meanX = x.Average(), meanY = y.Average();
        return -x.Zip(y, (a, b) => (a - meanX) * (b - meanY)).Sum() / x.Sum(a => (a - meanX) * (a - meanX));
    }
}
