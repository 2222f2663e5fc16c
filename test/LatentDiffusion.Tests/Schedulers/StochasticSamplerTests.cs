using LatentDiffusion.Tests.Schedulers.Exact;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Schedulers;

/// <summary>Samples of the stochastic samplers have the exact mean and variance within the error of their number.</summary>
public sealed class StochasticSamplerTests(ITestOutputHelper output)
{
    private const int Samples = 1 << 12;

    private static readonly Dictionary<string, (Func<SchedulerConfig, NoiseScheduler> Make, SamplingOptions Options)> s_samplers = new()
    {
        ["DDPM"] = (c => new DdpmScheduler(c.With("clip_sample", false)), new() { Steps = 300 }),
        ["DDPM, large variance"] = (c => new DdpmScheduler(c.With("clip_sample", false).With("variance_type", "fixed_large")),
            new() { Steps = 300 }),
        ["DDIM, η = 1"] = (c => new DdimScheduler(c.With("clip_sample", false)), new() { Steps = 300, Eta = 1 }),
        ["DDIM, η = ½"] = (c => new DdimScheduler(c.With("clip_sample", false)), new() { Steps = 200, Eta = 0.5 }),
        ["Euler ancestral"] = (c => new EulerAncestralScheduler(c), new() { Steps = 300 }),
        ["Euler, churn"] = (c => new EulerScheduler(c.With("use_karras_sigmas", true)), new() { Steps = 200, Churn = new ChurnOptions(4) }),
        ["KDPM2 ancestral"] = (c => new KDpm2AncestralScheduler(c.With("use_karras_sigmas", true)), new() { Steps = 100 }),
        ["SDE-DPM-Solver++ 2M"] = (c => new DpmSolverMultistepScheduler(c.With("algorithm_type", "sde-dpmsolver++")
            .With("use_karras_sigmas", true)), new() { Steps = 100 }),
        ["SDE-DPM-Solver++ 2M, Heun"] = (c => new DpmSolverMultistepScheduler(c.With("algorithm_type", "sde-dpmsolver++")
            .With("solver_type", "heun").With("use_karras_sigmas", true)), new() { Steps = 150 }),
        ["SDE-DPM-Solver++ 3M"] = (c => new DpmSolverMultistepScheduler(c.With("algorithm_type", "sde-dpmsolver++")
            .With("solver_order", 3).With("use_karras_sigmas", true)), new() { Steps = 150 }),
        ["SDE-DPM-Solver 2M, Heun"] = (c => new DpmSolverMultistepScheduler(c.With("algorithm_type", "sde-dpmsolver")
            .With("solver_type", "heun").With("final_sigmas_type", "sigma_min").With("use_karras_sigmas", true)), new() { Steps = 150 }),
        ["SDE-DPM-Solver 2M"] = (c => new DpmSolverMultistepScheduler(c.With("algorithm_type", "sde-dpmsolver")
            .With("final_sigmas_type", "sigma_min").With("use_karras_sigmas", true)), new() { Steps = 100 }),

        // In the published form each group draws its noise afresh, so that its variance converges with the first order only.
        ["SDE-DPM-Solver++ 2S"] = (c => new DpmSolverSinglestepScheduler(c.With("algorithm_type", "sde-dpmsolver++")
            .With("use_karras_sigmas", true)), new() { Steps = 800 }),
        ["SA-Solver"] = (c => new SaSolverScheduler(c.With("use_karras_sigmas", true)), new() { Steps = 150 }),
        ["SA-Solver, order 3, ε"] = (
            c => new SaSolverScheduler(
                c.With("algorithm_type", "noise_prediction").With("predictor_order", 3).With("corrector_order", 3)
                    .With("use_karras_sigmas", true)),
            new() { Steps = 150 }),
        ["EDM Euler, churn"] = (_ => new EdmEulerScheduler(), new() { Steps = 200, Churn = new ChurnOptions(1) }),
        ["EDM SDE-DPM-Solver++ 2M"] = (_ => new EdmDpmSolverScheduler(SchedulerConfig.Empty.With("algorithm_type", "sde-dpmsolver++")),
            new() { Steps = 150 }),
    };

    public static TheoryData<string> Names => new(s_samplers.Keys);

    [Theory]
    [MemberData(nameof(Names))]
    public void Mean_and_variance(string name)
    {
        (Func<SchedulerConfig, NoiseScheduler> make, SamplingOptions options) = s_samplers[name];
        NoiseScheduler scheduler = make(SchedulerConfig.Empty.With("beta_start", 0.0001).With("beta_end", 0.02)
            .With("beta_schedule", "linear"));
        GaussianMixture data = GaussianMixture.Two;
        using GeneratorNoise noise = new(11);
        using ISchedulerRun run = scheduler.Start(options, noise);
        ExactModel model = new(data, scheduler);
        using DisposeScope scope = NewDisposeScope();
        Tensor x = data.FromNormal(Normal(noise), model.LevelOf(run)).DetachFromDisposeScope();
        while (!run.IsCompleted) x = Step(run, x, model.Predict);
        AssertMoments(name, data, x,
            scheduler is DpmSolverMultistepScheduler or DpmSolverSinglestepScheduler or EdmDpmSolverScheduler or SaSolverScheduler ? 5 : 4);
        x.Dispose();
    }

    /// <summary>With an exact consistency function, which maps x_t to where the flow ends, few steps are exact.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(8)]
    public void Consistency_sampling(int steps)
    {
        LcmScheduler scheduler = new();
        GaussianMixture data = GaussianMixture.Two;
        using GeneratorNoise noise = new(3);
        using ISchedulerRun run = scheduler.Start(new SamplingOptions { Steps = steps }, noise);
        ExactModel model = new(data, scheduler);
        using DisposeScope scope = NewDisposeScope();
        Tensor x = data.FromNormal(Normal(noise), model.LevelOf(run)).DetachFromDisposeScope();
        while (!run.IsCompleted)
        {
            x = Step(run, x, (r, sample) =>
            {
                (double alpha, double sigma) = model.LevelOf(r);
                return model.Output(sample, data.Flow(sample, (alpha, sigma), (1, 0)), alpha, sigma);
            });
        }

        AssertMoments($"LCM, {steps} steps", data, x, 4);
        x.Dispose();
    }

    /// <summary>Likewise with an exact trajectory function, which maps x_t to where the flow stands at the step's own target.</summary>
    [Theory]
    [InlineData(0.3)]
    [InlineData(0.8)]
    public void Trajectory_sampling(double gamma)
    {
        TcdScheduler scheduler = new();
        GaussianMixture data = GaussianMixture.Two;
        using GeneratorNoise noise = new(3);
        using ISchedulerRun run = scheduler.Start(new SamplingOptions { Steps = 6, Eta = gamma }, noise);
        ExactModel model = new(data, scheduler);
        using DisposeScope scope = NewDisposeScope();
        Tensor x = data.FromNormal(Normal(noise), model.LevelOf(run)).DetachFromDisposeScope();
        while (!run.IsCompleted)
        {
            double next = run.StepIndex + 1 < run.Timesteps.Count ? run.Timesteps[run.StepIndex + 1] : 0;
            double alphaBar = scheduler.Schedule!.AlphasCumprod[(int)MathF.Floor((float)(1 - gamma) * (float)next)];
            (double Alpha, double Sigma) to = (Math.Sqrt(alphaBar), Math.Sqrt(1 - alphaBar));
            x = Step(run, x, (r, sample) =>
            {
                (double alpha, double sigma) = model.LevelOf(r);
                Tensor target = data.Flow(sample, (alpha, sigma), to);
                return ((sample * to.Alpha) - (target * alpha)) / ((to.Alpha * sigma) - (alpha * to.Sigma));
            });
        }

        AssertMoments($"TCD, γ = {gamma}", data, x, 4);
        x.Dispose();
    }

    [Fact]
    public void Stochastic_flow()
    {
        FlowMatchEulerScheduler scheduler = new(SchedulerConfig.Empty.With("stochastic_sampling", true));
        GaussianMixture data = GaussianMixture.Two;
        using GeneratorNoise noise = new(5);
        using ISchedulerRun run = scheduler.Start(new SamplingOptions { Steps = 20 }, noise);
        ExactModel model = new(data, scheduler);
        using DisposeScope scope = NewDisposeScope();
        Tensor x = data.FromNormal(Normal(noise), model.LevelOf(run)).DetachFromDisposeScope();

        // Each step jumps to x_0 and adds fresh noise: exact where x_0 is a draw rather than a mean.
        while (!run.IsCompleted)
        {
            x = Step(run, x, (r, sample) =>
            {
                (double alpha, double sigma) = model.LevelOf(r);
                return model.Output(sample, data.Flow(sample, (alpha, sigma), (1, 0)), alpha, sigma);
            });
        }

        AssertMoments("stochastic flow", data, x, 4);
        x.Dispose();
    }

    private static Tensor Normal(GeneratorNoise noise) => noise.Next(1, 1, 128, Samples / 128).to(ScalarType.Float64);

    private static Tensor Step(ISchedulerRun run, Tensor x, Func<ISchedulerRun, Tensor, Tensor> predict)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor next = run.Step(predict(run, x), x);
        x.Dispose();
        return next.DetachFromDisposeScope();
    }

    private void AssertMoments(string name, GaussianMixture data, Tensor x, double errors)
    {
        double mean = x.mean().item<double>(), variance = x.var().item<double>();
        double fourth = (x - mean).pow(4).mean().item<double>();
        double meanError = Math.Sqrt(data.Variance / Samples), varianceError = Math.Sqrt((fourth - (variance * variance)) / Samples);
        output.WriteLine($"{name}: mean {mean:0.0000} of {data.Mean:0.0000} ± {meanError:0.0000}");
        output.WriteLine($"{name}: variance {variance:0.0000} of {data.Variance:0.0000} ± {varianceError:0.0000}");
        Assert.InRange(mean, data.Mean - (errors * meanError), data.Mean + (errors * meanError));
        Assert.InRange(variance, data.Variance - (errors * varianceError), data.Variance + (errors * varianceError));
    }
}
