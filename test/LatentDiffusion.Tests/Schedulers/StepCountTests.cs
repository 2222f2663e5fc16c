using System.Text.Json;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Schedulers;

/// <summary>Every scheduler with every spacing at every number of steps: inside the training schedule, or refused.</summary>
public sealed class StepCountTests
{
    // All small ones, and those around which integer spacing changes its stride.
    private static readonly int[] s_counts = [.. Enumerable.Range(1, 40), 49, 50, 51, 99, 100, 101, 142, 199, 200, 249, 250, 251, 332,
        333, 334, 499, 500, 501, 666, 667, 777, 997, 998, 999, 1000];

    private static readonly string[] s_spacings = ["linspace", "leading", "trailing"];

    public static TheoryData<string> Names => new(KnownSchedulers.All.Select(k => k.Name));

    [Theory, MemberData(nameof(Names))]
    public void No_timestep_is_outside_the_schedule(string name)
    {
        using GeneratorNoise noise = new(1);
        foreach ((NoiseScheduler scheduler, string description) in Variants(name))
        {
            int begun = 0;
            foreach (int steps in s_counts)
            {
                using ISchedulerRun? run = Start(scheduler, steps, noise);
                if (run is null) continue;
                begun++;
                Assert.True(run.Timesteps.All(t => t >= 0 && t < 1000 || scheduler.PredictionType == PredictionType.Flow && t <= 1000
                    || IsContinuous(scheduler)),
                    $"{description}, {steps} steps: {run.Timesteps.Max()}");
                Assert.True(run.Timesteps.Zip(run.Timesteps.Skip(1)).All(p => p.First >= p.Second || run.Plan.EvaluationsPerStep > 1
                    || scheduler is PndmScheduler), $"{description}, {steps} steps");
            }

            // Consistency models have at most the 50 steps of their distillation.
            Assert.True(begun >= 40, $"{description}: {begun} step counts run");
        }
    }

    /// <summary>The counts at which grids touch the end of the schedule, run to the end.</summary>
    [Theory, MemberData(nameof(Names))]
    public void Samples_stay_finite_at_the_longest_runs(string name)
    {
        using GeneratorNoise noise = new(1);
        // Only leading timesteps depend on the offset: the other variants run the same plan.
        HashSet<string> plans = [];
        foreach ((NoiseScheduler scheduler, string description) in Variants(name))
        {
            foreach (int steps in (int[])[998, 999, 1000])
            {
                using DisposeScope scope = NewDisposeScope();
                using ISchedulerRun? run = Start(scheduler, steps, noise);
                if (run is null || !plans.Add(string.Join(' ', [.. run.Plan.Timesteps, .. run.Plan.Sigmas]))) continue;
                Tensor x = ones(1, 1, 1, 2), zero = zeros(1, 1, 1, 2);
                while (!run.IsCompleted)
                {
                    Tensor next = run.Step(zero, x);
                    x.Dispose();
                    x = next;
                }

                Assert.True(isfinite(x).all().item<bool>(), $"{description}, {steps} steps");
            }
        }
    }

    [Theory]
    [InlineData("lms", 1000)]
    [InlineData("euler", 1000)]
    [InlineData("heun", 1000)]
    [InlineData("kdpm2", 1000)]
    [InlineData("ddim", 1000)]
    [InlineData("dpm++", 999)]
    [InlineData("unipc", 999)]
    [InlineData("deis", 999)]
    public void The_offset_of_stable_diffusion_is_refused_at_the_end(string name, int steps)
    {
        Assert.True(KnownSchedulers.TryGet(name, out KnownScheduler? known), name);
        NoiseScheduler scheduler = known.Create(Config("leading", 1));
        ArgumentException refusal = Assert.ThrowsAny<ArgumentException>(() => scheduler.Start(new SamplingOptions { Steps = steps }));
        Assert.Contains("steps_offset 1", refusal.Message, StringComparison.Ordinal);
        using ISchedulerRun run = scheduler.Start(new SamplingOptions { Steps = steps - 1 });
        Assert.InRange(run.Timesteps.Max(), 900, 999);
    }

    [Fact]
    public void Trailing_steps_beyond_the_schedule_are_refused()
    {
        var scheduler = new LmsScheduler(SchedulerConfig.Empty.With("num_train_timesteps", 20).With("timestep_spacing", "trailing"));
        Assert.Contains("cannot hold 21", Assert.ThrowsAny<ArgumentException>(() => scheduler
            .Start(new SamplingOptions { Steps = 21 })).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sigmas_that_are_equal_in_single_precision_are_refused()
    {
        ArgumentException refusal = Assert.ThrowsAny<ArgumentException>(() => new LmsScheduler()
            .Start(new SamplingOptions { Sigmas = [2, 1 + 1e-12, 1] }));
        Assert.Contains("Sigmas", refusal.Message, StringComparison.Ordinal);
    }

    private static IEnumerable<(NoiseScheduler Scheduler, string Description)> Variants(string name)
    {
        Assert.True(KnownSchedulers.TryGet(name, out KnownScheduler? known));
        foreach (string spacing in s_spacings)
        {
            foreach (int offset in (int[])[0, 1, 3])
            {
                SchedulerConfig all = Config(spacing, offset), own = all.Names.Where(n => SchedulerClasses.HasOption(known.ClassName, n))
                    .Aggregate(SchedulerConfig.Empty, (config, n) => config
                        .With(n, all.TryGetGiven(n, out JsonElement value) ? value : null));
                yield return (known.Create(own), $"{name}, {spacing} + {offset}");
                if (!SchedulerClasses.HasOption(known.ClassName, "timestep_spacing")) yield break;
            }
        }
    }

    private static SchedulerConfig Config(string spacing, int offset) =>
        SchedulerConfig.Parse("""{ "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear" }""")
        .With("timestep_spacing", spacing).With("steps_offset", offset);

    /// <summary>Null where the scheduler refuses, which names the steps.</summary>
    private static ISchedulerRun? Start(NoiseScheduler scheduler, int steps, INoiseSource noise)
    {
        try
        {
            return scheduler.Start(new SamplingOptions { Steps = steps }, noise);
        }
        catch (ArgumentException e)
        {
            Assert.Matches("(?i)steps", e.Message);
            return null;
        }
    }

    /// <summary>Classes whose timesteps are 0.25·log σ.</summary>
    private static bool IsContinuous(NoiseScheduler scheduler) => scheduler is EdmEulerScheduler or EdmDpmSolverScheduler;
}
