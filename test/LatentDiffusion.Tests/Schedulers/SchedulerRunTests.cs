using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Schedulers;

/// <summary>Properties of every run of every scheduler.</summary>
public sealed class SchedulerRunTests
{
    public static TheoryData<string> Names => new(AllSchedulers.Names);

    [Theory]
    [MemberData(nameof(Names))]
    public void Few_and_many_steps_work_or_are_refused(string name)
    {
        NoiseScheduler scheduler = AllSchedulers.Create(name);
        foreach (int steps in (int[])[1, 2, 3, 16, scheduler.TrainingTimesteps])
        {
            using DisposeScope scope = NewDisposeScope();
            using GeneratorNoise noise = new(1);
            ISchedulerRun run;
            try
            {
                run = scheduler.Start(new SamplingOptions { Steps = steps }, noise);
            }
            catch (ArgumentException refused)
            {
                Assert.Matches("(?i)steps", refused.Message);
                continue;
            }

            using (run)
            {
                Tensor x = noise.Next(1, 1, 4, 4) * run.InitialNoiseSigma;
                while (!run.IsCompleted)
                {
                    x = run.Step(Model(run.ScaleModelInput(x), run.Timestep), x);
                    Assert.True(isfinite(x).all().item<bool>(), $"{name}, {steps} steps: not finite after evaluation {run.StepIndex}.");
                }

                Assert.Throws<InvalidOperationException>(() => run.Step(x, x));
            }
        }
    }

    /// <summary>Two generations that share a scheduler, step by step on two threads, equal the same two alone.</summary>
    [Theory]
    [MemberData(nameof(Names))]
    public void Interleaved_runs_are_independent(string name)
    {
        NoiseScheduler scheduler = AllSchedulers.Create(name);
        float[][] alone = [Generate(scheduler, 1, null), Generate(scheduler, 2, null)];
        using Barrier barrier = new(2);
        float[][] together = new float[2][];
        Thread[] threads = [.. Enumerable.Range(0, 2).Select(i =>
            new Thread(() => together[i] = Generate(scheduler, (ulong)i + 1, barrier)))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Assert.Equal(alone[0], together[0]);
        Assert.Equal(alone[1], together[1]);
        Assert.NotEqual(alone[0], alone[1]);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_step_leaves_one_tensor_and_a_disposed_run_none(string name)
    {
        NoiseScheduler scheduler = AllSchedulers.Create(name);
        using GeneratorNoise noise = new(1);
        using Tensor start = noise.Next(1, 1, 4, 4), output = noise.Next(1, 1, 4, 4);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        ISchedulerRun run = scheduler.Start(new SamplingOptions { Steps = 6 }, noise);
        while (!run.IsCompleted)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor scaled = run.ScaleModelInput(start);
            if (!ReferenceEquals(scaled, start)) scaled.Dispose();
            Tensor next = run.Step(output, start);
            Assert.NotSame(start, next);
            Assert.NotSame(output, next);
            Assert.Equal(1, scope.DisposablesCount);
        }

        run.Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Throws<ObjectDisposedException>(() => run.Step(output, start));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Half_precision_is_kept(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using GeneratorNoise noise = new(1);
        using ISchedulerRun run = AllSchedulers.Create(name).Start(new SamplingOptions { Steps = 6 }, noise);
        Tensor x = ones(1, 1, 4, 4, dtype: ScalarType.BFloat16), output = zeros_like(x);
        Assert.Equal(ScalarType.BFloat16, run.ScaleModelInput(x).dtype);
        Assert.Equal(ScalarType.BFloat16, run.AddNoise(x, output).dtype);
        Assert.Equal(ScalarType.BFloat16, run.Step(output, x).dtype);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Outputs_that_are_not_finite_are_reported(string name)
    {
        using DisposeScope scope = NewDisposeScope();
        using GeneratorNoise noise = new(1);
        using ISchedulerRun run = AllSchedulers.Create(name).Start(new SamplingOptions { Steps = 6, CheckFinite = true }, noise);
        Tensor x = ones(1, 1, 4, 4), bad = full_like(x, double.NaN);
        x = run.Step(zeros_like(x), x);
        NotFiniteNumberException error = Assert.Throws<NotFiniteNumberException>(() => run.Step(bad, x));
        Assert.Contains($"evaluation 2 of {run.Timesteps.Count}", error.Message, StringComparison.Ordinal);
        Assert.Equal(1, run.StepIndex);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Runs_may_begin_within(string name)
    {
        NoiseScheduler scheduler = AllSchedulers.Create(name);
        using GeneratorNoise noise = new(1);
        SamplingOptions options = new() { Steps = 8, BeginStep = 2 };
        if (scheduler is PndmScheduler && name == "pndm")
        {
            Assert.Contains("skip_prk_steps", Assert.Throws<ArgumentException>(() => scheduler.Start(options, noise)).Message,
                StringComparison.Ordinal);
            return;
        }

        using DisposeScope scope = NewDisposeScope();
        using ISchedulerRun run = scheduler.Start(options, noise);
        Assert.Equal(2 * run.Plan.EvaluationsPerStep, run.StepIndex);
        Tensor clean = ones(1, 1, 4, 4), x = run.AddNoise(clean, noise.Next(1, 1, 4, 4));
        while (!run.IsCompleted) x = run.Step(Model(run.ScaleModelInput(x), run.Timestep), x);
        Assert.True(isfinite(x).all().item<bool>());
        Assert.True(allclose(clean, run.AddNoise(clean, x)));
        Assert.Throws<ArgumentOutOfRangeException>(() => scheduler.Start(options with { BeginStep = 1000 }, noise));
    }

    private static float[] Generate(NoiseScheduler scheduler, ulong seed, Barrier? barrier)
    {
        using DisposeScope scope = NewDisposeScope();
        using GeneratorNoise noise = new(seed);
        using ISchedulerRun run = scheduler.Start(new SamplingOptions { Steps = 6 }, noise);
        Tensor x = noise.Next(1, 1, 4, 4) * run.InitialNoiseSigma;
        while (!run.IsCompleted)
        {
            barrier?.SignalAndWait();
            x = run.Step(Model(run.ScaleModelInput(x), run.Timestep), x);
        }

        return [.. x.data<float>()];
    }

    private static Tensor Model(Tensor x, double t) => (0.3 * x) + ((3 * x).sin() * (0.2 * Math.Cos(t / 200))) + 0.05;
}
