using LatentDiffusion.Tests.Schedulers;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Abstractions;

/// <summary>A plan is data: it describes the run completely, and a run needs nothing else.</summary>
public sealed class SamplingPlanTests
{
    private static readonly LatentShape s_shape = new(4, 8, 8);

    public static TheoryData<string> Names => new(AllSchedulers.Names);

    [Theory, MemberData(nameof(Names))]
    public void A_run_does_what_the_plan_says(string name)
    {
        NoiseScheduler scheduler = AllSchedulers.Create(name);
        using DisposeScope scope = NewDisposeScope();
        using GeneratorNoise noise = new(1);
        SamplingPlan plan = scheduler.Plan(new SamplingOptions { Steps = 6 }, s_shape);
        Assert.Equal(plan.Timesteps.Count, plan.Evaluations);
        Assert.Equal(plan.Timesteps.Count + 1, plan.Sigmas.Count);
        Assert.Equal(0, plan.BeginIndex);
        // The inner evaluations of these lie beyond where a step ends.
        if (name is not ("pndm" or "kdpm2-a"))
            Assert.All(plan.Sigmas.Zip(plan.Sigmas.Skip(1)), pair => Assert.True(pair.First >= pair.Second));

        ISchedulerRun run = scheduler.Start(plan, noise);
        Assert.Same(plan, run.Plan);
        var seen = new List<double>();
        Tensor x = zeros(1, 1, 2, 2);
        while (!run.IsCompleted)
        {
            seen.Add(run.Timestep);
            x = run.Step(zeros_like(x), x);
        }

        Assert.Equal(plan.Timesteps, seen);
        run.Dispose();
    }

    [Theory, MemberData(nameof(Names))]
    public void Planning_creates_no_tensor(string name)
    {
        NoiseScheduler scheduler = AllSchedulers.Create(name);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        SamplingOptions options = new() { Steps = 6 };
        SamplingPlan plan = scheduler.Plan(options, s_shape), again = scheduler.Plan(options, s_shape);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Equal(plan.Timesteps, again.Timesteps);
        Assert.Equal(plan.Sigmas, again.Sigmas);
        Assert.Equal(plan.InitialNoiseSigma, again.InitialNoiseSigma);
    }

    [Fact]
    public void Two_stage_methods_begin_at_whole_steps()
    {
        SamplingPlan plan = new HeunScheduler().Plan(new SamplingOptions { Steps = 8, BeginStep = 3 }, s_shape);
        Assert.Equal((2, 6, 15, 9), (plan.EvaluationsPerStep, plan.BeginIndex, plan.Timesteps.Count, plan.Evaluations));
        using ISchedulerRun run = new HeunScheduler().Start(plan);
        Assert.Equal(6, run.StepIndex);
    }

    [Fact]
    public void A_plan_of_another_kind_is_refused()
    {
        SamplingPlan plan = new EulerScheduler().Plan(new SamplingOptions { Steps = 4 }, s_shape);
        var e = Assert.Throws<ArgumentException>(() => new HeunScheduler().Start(plan));
        Assert.StartsWith("HeunScheduler evaluates 2 times a step, and the plan 1 times.", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Numbers_that_do_not_fit_together_are_refused()
    {
        SamplingOptions options = new() { Steps = 2 };
        string message = Assert.Throws<ArgumentException>(() => new SamplingPlan(options, [5, 1], [2, 1])).Message;
        Assert.Contains("not 2 and 2", message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingPlan(options, [], [0]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingPlan(options, [5, 1], [2, 1, 0], evaluationsPerStep: 0));
        var e = Assert.Throws<ArgumentOutOfRangeException>(() => new SamplingPlan(options with { BeginStep = 2 }, [5, 1], [2, 1, 0]));
        Assert.StartsWith("BeginStep of a run with 2 evaluations is from 0 to 1.", e.Message, StringComparison.Ordinal);
    }
}
