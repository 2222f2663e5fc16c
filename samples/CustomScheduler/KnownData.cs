using LatentDiffusion;
using LatentDiffusion.Runtime;
using LatentDiffusion.Schedulers;
using TorchSharp;
using static TorchSharp.torch;

namespace CustomScheduler;

/// <summary>The loop that every scheduler runs in, with data whose denoiser is a formula: each pixel is Gaussian.</summary>
internal static class KnownData
{
    private const double Mean = 0.5, Deviation = 0.25;

    public static void Sample(int steps)
    {
        NoiseSchedule schedule = NoiseSchedule.ScaledLinear();
        Report("log-SNR DDIM", new LogSnrScheduler(schedule.AlphasCumprod), schedule, steps);
        SchedulerConfig config = SchedulerConfig.Parse(
            """{"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012, "clip_sample": false}""");
        Report("DDIM", new DdimScheduler(config), schedule, steps);
    }

    private static void Report(string name, INoiseScheduler scheduler, NoiseSchedule schedule, int steps)
    {
        using DisposeScope scope = NewDisposeScope();
        using GeneratorNoise noise = new(seed: 1);
        SamplingPlan plan = scheduler.Plan(new SamplingOptions { Steps = steps }, new LatentShape(1, 128, 128));
        using ISchedulerRun run = scheduler.Start(plan, noise);
        Tensor x = noise.Next(1, 1, 128, 128).Multiply(plan.InitialNoiseSigma);
        while (!run.IsCompleted)
            x = run.Step(Noise(run.ScaleModelInput(x), schedule.AlphasCumprod[(int)run.Timestep]), x);
        float mean = x.mean().item<float>(), deviation = x.std().item<float>();
        Console.WriteLine($"{name}, {plan.Evaluations} steps: mean {mean:F3} of {Mean:F3}, deviation {deviation:F3} of {Deviation:F3}");
    }

    /// <summary>E[ε|x] for this data: the regression of ε on x = √ᾱ·x_0 + √(1−ᾱ)·ε.</summary>
    private static Tensor Noise(Tensor x, double alphaBar) =>
        x.Subtract(Math.Sqrt(alphaBar) * Mean).Multiply(Math.Sqrt(1 - alphaBar) / ((alphaBar * Deviation * Deviation) + 1 - alphaBar));
}
