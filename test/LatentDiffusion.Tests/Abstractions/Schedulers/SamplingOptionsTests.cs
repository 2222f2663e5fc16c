using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Abstractions;

/// <summary>Options of a run: understood, or refused by name.</summary>
public sealed class SamplingOptionsTests
{
    private static readonly GeneratorNoise s_noise = new(1);

    [Fact]
    public void What_a_sampler_does_not_understand_is_refused()
    {
        Refused(new DdpmScheduler(), new() { Eta = 1 }, "Eta");
        Refused(new HeunScheduler(), new() { Churn = new ChurnOptions(1) }, "Churn");
        Refused(new PndmScheduler(), new() { Timesteps = [10, 5] }, "Timesteps");
        Refused(new DdimScheduler(), new() { Sigmas = [10, 5] }, "Sigmas");
        Refused(new EulerScheduler(), new() { Mu = 1 }, "Mu");
        Refused(new EulerScheduler(), new() { Timesteps = [5], Sigmas = [1] }, "Sigmas");
        Refused(new EulerScheduler(SchedulerConfig.Empty.With("use_karras_sigmas", true)), new() { Timesteps = [500, 5] }, "Timesteps");
    }

    [Fact]
    public void Bad_values_are_refused()
    {
        Refused(new EulerScheduler(), new() { Steps = 0 }, "Steps");
        Refused(new DdimScheduler(), new() { Steps = 1001 }, "Steps");
        Refused(new DdimScheduler(), new() { Eta = 1.5 }, "Eta");
        Refused(new EulerScheduler(), new() { BeginStep = -1 }, "BeginStep");
        Refused(new EulerScheduler(), new() { Timesteps = [] }, "Timesteps");
        Refused(new EulerScheduler(), new() { Timesteps = [5, 50] }, "Timesteps");
        Refused(new EulerScheduler(), new() { Sigmas = [5, 0] }, "Sigmas");
        Refused(new DdimScheduler(), new() { Timesteps = [1000, 5] }, "Timesteps");
        Refused(new DdimScheduler(), new() { Timesteps = [10.5, 5] }, "Timesteps");
        Refused(new EulerScheduler(), new() { Timesteps = [1000, 5] }, "Timesteps");
        Refused(new DpmSolverMultistepScheduler(), new() { Timesteps = [5000, 500] }, "Timesteps");
        Refused(new EulerScheduler(), new() { Churn = new ChurnOptions(-1) }, "Churn");
        Refused(new EulerScheduler(), new() { Churn = new ChurnOptions(double.NaN) }, "Churn");
        Refused(new EulerScheduler(), new() { Churn = new ChurnOptions(1, MinimumSigma: 2, MaximumSigma: 1) }, "Churn");
        Refused(new EulerScheduler(), new() { Churn = new ChurnOptions(1, NoiseScale: -1) }, "Churn");
        Refused(new HeunScheduler(), new() { Churn = new ChurnOptions(-1) }, "Churn");
        Refused(new HeunScheduler(), new() { Steps = 5, BeginStep = 5 }, "BeginStep");
        Refused(new DdimScheduler(SchedulerConfig.Empty.With("steps_offset", 1)), new() { Steps = 1000 }, "steps_offset");
    }

    [Fact]
    public void Stochastic_samplers_need_noise()
    {
        Refused(new DdpmScheduler(), new(), "draws noise");
        Refused(new EulerAncestralScheduler(), new(), "draws noise");
        Refused(new DdimScheduler(), new() { Eta = 0.1 }, "draws noise");
        Refused(new EulerScheduler(), new() { Churn = new ChurnOptions(1) }, "draws noise");
        new DdimScheduler().Start(new SamplingOptions()).Dispose();
        new LcmScheduler().Start(new SamplingOptions { Steps = 1 }).Dispose();
    }

    [Fact]
    public void Custom_timesteps_and_sigmas()
    {
        EulerScheduler euler = new(SchedulerConfig.Empty.With("beta_schedule", "scaled_linear").With("beta_start", 0.00085)
            .With("beta_end", 0.012));
        using ISchedulerRun byTimesteps = euler.Start(new SamplingOptions { Timesteps = AlignYourSteps.Timesteps("StableDiffusion") });
        using ISchedulerRun bySigmas = euler.Start(new SamplingOptions { Sigmas = AlignYourSteps.Sigmas("StableDiffusion") });
        Assert.Equal(10, byTimesteps.Timesteps.Count);
        Assert.Equal(10, bySigmas.Timesteps.Count);
        Assert.Equal(14.615, bySigmas.InitialNoiseSigma, 1e-5);
        Assert.All(byTimesteps.Timesteps.Zip(bySigmas.Timesteps), pair => Assert.Equal(pair.First, pair.Second, 3.0));

        using ISchedulerRun solver = new DpmSolverMultistepScheduler(euler.ToConfig())
            .Start(new SamplingOptions { Sigmas = AlignYourSteps.Sigmas("StableDiffusion", 20) });
        Assert.Equal(20, solver.Timesteps.Count);
        Assert.All(solver.Timesteps, t => Assert.Equal(Math.Round(t), t));
        using ISchedulerRun ddim = new DdimScheduler().Start(new SamplingOptions { Timesteps = [999, 600, 50] });
        Assert.Equal([999, 600, 50], ddim.Timesteps);
    }

    [Fact]
    public void Align_your_steps_tables_are_there_by_name()
    {
        Assert.Equal(["StableDiffusion", "StableDiffusionXL", "StableDiffusionVideo"], AlignYourSteps.Names);
        Assert.Equal(0.113, AlignYourSteps.Sigmas("stablediffusionxl")[^1]);
        IReadOnlyList<double> many = AlignYourSteps.Sigmas("StableDiffusion", 19);
        Assert.Equal(14.615, many[0], 1e-12);
        Assert.Equal(0.152, many[^1], 1e-12);
        Assert.Equal(6.475, many[2], 1e-12);
        Assert.Contains("'None'", Assert.Throws<ArgumentException>(() => AlignYourSteps.Timesteps("None")).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Lms_takes_an_order()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new LmsScheduler { Order = 5 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new LmsScheduler { Order = 0 });
        Assert.Equal(4, new LmsScheduler().Order);

        // Of order 1 it is Euler's method.
        using DisposeScope scope = NewDisposeScope();
        using ISchedulerRun lms = new LmsScheduler { Order = 1 }.Start(new SamplingOptions { Steps = 5 }), euler = new EulerScheduler()
            .Start(new SamplingOptions { Steps = 5 });
        Tensor x = ones(1, 1, 2, 2), y = x;
        while (!lms.IsCompleted) (x, y) = (lms.Step(x * 0.1, x), euler.Step(y * 0.1, y));
        Assert.True(allclose(x, y, rtol: 1e-4));
    }

    [Fact]
    public void Clipped_outputs_agree_with_clipped_samples()
    {
        using DisposeScope scope = NewDisposeScope();
        SamplingOptions options = new() { Steps = 5 };
        Tensor x = full(1, 1, 2, 2, 3f), output = zeros_like(x);
        using ISchedulerRun plain = new DdimScheduler().Start(options), clipped = new DdimScheduler { UseClippedModelOutput = true }
            .Start(options);

        // x_0 is clipped to 1; ε then explains the rest of x.
        double at = new DdimScheduler().Schedule!.AlphasCumprod[800], to = new DdimScheduler().Schedule!.AlphasCumprod[600];
        Assert.Equal(Math.Sqrt(to), plain.Step(output, x)[0, 0, 0, 0].item<float>(), 1e-5);
        double noise = (3 - Math.Sqrt(at)) / Math.Sqrt(1 - at);
        Assert.Equal(Math.Sqrt(to) + (Math.Sqrt(1 - to) * noise), clipped.Step(output, x)[0, 0, 0, 0].item<float>(), 1e-5);
    }

    [Fact]
    public void Continuous_timesteps_are_log_sigmas()
    {
        EulerScheduler scheduler = new(SchedulerConfig.Parse("""
            {
              "timestep_type": "continuous", "prediction_type": "v_prediction", "use_karras_sigmas": true,
              "sigma_min": 0.002, "sigma_max": 700.0
            }
            """));
        using ISchedulerRun run = scheduler.Start(new SamplingOptions { Steps = 25 });
        Assert.Equal(0.25 * Math.Log(700), run.Timesteps[0], 1e-5);
        Assert.Equal(0.25 * Math.Log(0.002), run.Timesteps[24], 1e-5);
        Refused(scheduler, new() { Timesteps = [5] }, "Timesteps");
    }

    [Fact]
    public void Shapes_must_fit()
    {
        using DisposeScope scope = NewDisposeScope();
        using ISchedulerRun run = new DdimScheduler().Start(new SamplingOptions { Steps = 4 });
        Assert.Throws<ArgumentException>(() => run.Step(zeros(1, 8, 4, 4), zeros(1, 4, 4, 4)));
        using ISchedulerRun learned = new DdpmScheduler(SchedulerConfig.Empty.With("variance_type", "learned_range"))
            .Start(new SamplingOptions { Steps = 4 }, s_noise);
        Assert.Equal([1, 4, 4, 4], learned.Step(zeros(1, 8, 4, 4), zeros(1, 4, 4, 4)).shape);
        Assert.Throws<ArgumentException>(() => learned.Step(zeros(1, 4, 4, 4), zeros(1, 4, 4, 4)));
    }

    private static void Refused(NoiseScheduler scheduler, SamplingOptions options, string name) =>
        Assert.Contains(name, Assert.ThrowsAny<ArgumentException>(() => scheduler.Start(options)).Message, StringComparison.Ordinal);
}
