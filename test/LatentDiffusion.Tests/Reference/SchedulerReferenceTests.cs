using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Reference;

/// <summary>Trajectories equal those of the field's reference implementation, for every case of the reference folder.</summary>
public sealed class SchedulerReferenceTests(ITestOutputHelper output)
{
    private const double Tolerance = 2e-4;

    private static readonly SchedulerCase[] s_cases = [.. SchedulerCase.All];

    public static TheoryData<int, string> Cases => new(s_cases.Select((c, i) => (i, c.ToString())));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Trajectories_equal_the_reference(int index, string name)
    {
        SchedulerCase reference = s_cases[index];
        Assert.SkipWhen(
            reference.ClassName == "SCMScheduler", "SCMScheduler samples SANA-Sprint, whose network the library does not have.");
        using GeneratorNoise noise = new(reference.Seed);
        using DisposeScope scope = NewDisposeScope();
        using ISchedulerRun run = reference.Scheduler.Start(reference.Options(), noise);
        Assert.Equal(reference.InitialNoiseSigma, run.InitialNoiseSigma, 1e-7 * reference.InitialNoiseSigma);
        Assert.Equal(reference.Timesteps.Length, run.Timesteps.Count);
        for (int i = 0; i < run.Timesteps.Count; i++) Assert.Equal(reference.Timesteps[i], run.Timesteps[i], 5e-4);

        Tensor x = noise.Next(reference.Shape) * run.InitialNoiseSigma;
        AssertClose(reference.Initial, x, name);
        double worst = 0;
        foreach (double[] expected in reference.Trajectory)
        {
            x = run.Step(FakeModel(run.ScaleModelInput(x), run.Timestep), x);
            worst = Math.Max(worst, AssertClose(expected, x, $"{name}, evaluation {run.StepIndex}"));
        }

        Assert.True(run.IsCompleted);
        output.WriteLine($"worst relative error {worst:0.0e+0} of {Tolerance:0.0e+0}: {name}");
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Add_noise_and_velocity(int index, string name)
    {
        SchedulerCase reference = s_cases[index];
        if (reference.AddNoise is not { } expected) return;
        using GeneratorNoise stepNoise = new(reference.Seed), noise = new(expected.NoiseSeed);
        using DisposeScope scope = NewDisposeScope();
        NoiseScheduler scheduler = reference.Scheduler;
        using ISchedulerRun run = scheduler.Start(reference.Options(), stepNoise);
        Tensor clean = linspace(-1, 1, expected.Result.Length).reshape(reference.Shape), drawn = noise.Next(reference.Shape);
        Tensor x = drawn;
        while (Math.Abs(run.Timestep - expected.Timestep) > 2e-4) x = run.Step(FakeModel(x, 0), x);
        AssertClose(expected.Result, run.AddNoise(clean, drawn), name);
        if (reference.Velocity is { } velocity)
            AssertClose(velocity, scheduler.Schedule!.Velocity(clean, drawn, tensor(new[] { (long)expected.Timestep })), name);
    }

    private static Tensor FakeModel(Tensor x, double t) => (0.3 * x) + ((3 * x).sin() * (0.2 * Math.Cos(t / 200))) + 0.05;

    private static double AssertClose(double[] expected, Tensor actual, string what)
    {
        float[] values = [.. actual.data<float>()];
        Assert.Equal(expected.Length, values.Length);
        Assert.All(values, v => Assert.True(float.IsFinite(v), $"{what} is not finite."));

        // Where the reference's own arithmetic breaks down (0·∞ in UniPC's last step with B_1), a finite result is asked for.
        if (expected.Any(e => !double.IsFinite(e))) return 0;
        double scale = Math.Max(1, expected.Max(Math.Abs)), worst = values.Select((v, i) => Math.Abs(v - expected[i])).Max() / scale;
        Assert.True(worst <= Tolerance, $"{what}: relative error {worst:0.0e+0} is over {Tolerance:0.0e+0}.");
        return worst;
    }
}
