using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Schedules;

public sealed class DiffusionProcessTests
{
    private static readonly NoiseSchedule s_schedule = NoiseSchedule.ScaledLinear();

    public static TheoryData<PredictionType> Types => new(Enum.GetValues<PredictionType>());

    [Fact]
    public void Sigma_is_log_linear_between_timesteps()
    {
        var process = new DiffusionProcess(s_schedule, PredictionType.Epsilon);
        double Sigma(int t) => Math.Sqrt((1 - s_schedule.AlphasCumprod[t]) / s_schedule.AlphasCumprod[t]);
        foreach (int t in new[] { 0, 1, 500, 998, 999 }) Assert.Equal(Sigma(t), process.SigmaAt(t), 1e-12 * Sigma(t));
        Assert.Equal(Math.Pow(Sigma(10), 0.75) * Math.Pow(Sigma(11), 0.25), process.SigmaAt(10.25), 1e-12);
        Assert.Equal(14.61464, process.SigmaAt(999), 1e-4); // The published sigma_max of Stable Diffusion.
        Assert.Equal(process.SigmaAt(999), process.SigmaAt(1000));
        Assert.Equal(0.25, DiffusionProcess.Flow().SigmaAt(250));
    }

    [Fact]
    public void Levels_are_those_of_the_schedule_or_the_straight_path()
    {
        var process = new DiffusionProcess(s_schedule, PredictionType.Velocity);
        double alphaBar = s_schedule.AlphasCumprod[300];
        Assert.Equal((Math.Sqrt(alphaBar), Math.Sqrt(1 - alphaBar)), Level(process, 300));
        (double alpha, double sigma) = process.LevelAt(300.5);
        Assert.Equal(1, alpha * alpha + sigma * sigma, 1e-12);
        Assert.Equal(process.SigmaAt(300.5), sigma / alpha, 1e-12);
        Assert.Equal(process.LevelAt(999), process.LevelAt(5000));
        Assert.Equal((0.75, 0.25), Level(DiffusionProcess.Flow(), 250));
        Assert.Equal((0.75, 0.25), Level(DiffusionProcess.Flow(4), 1));

        Assert.Equal((0, 999), (process.NetworkTimestep(0), process.NetworkTimestep(999)));
        Assert.Equal((1, 1000), (DiffusionProcess.Flow().NetworkTimestep(0), DiffusionProcess.Flow().NetworkTimestep(999)));
        Assert.Throws<ArgumentOutOfRangeException>(() => process.NetworkTimestep(1000));
        Assert.Throws<ArgumentOutOfRangeException>(() => process.NetworkTimestep(-1));
    }

    [Theory, MemberData(nameof(Types))]
    public void A_prediction_means_the_sample_and_noise_it_was_made_of(PredictionType type)
    {
        DiffusionProcess process = Process(type);
        using DisposeScope scope = NewDisposeScope();
        Tensor clean = Reference.FormulaWeights.Input("x", [2, 4, 3, 3]), noise = Reference.FormulaWeights.Input("e", [2, 4, 3, 3]);
        foreach (double timestep in (double[])[1, 10.5, 400, 900])
        {
            NoiseLevel level = process.LevelAt(timestep);
            (double a, double b) = process.TargetWeights(level);
            Tensor noisy = level.Alpha * clean + level.Sigma * noise, prediction = a * clean + b * noise;
            Assert.True(process.CleanWeights(level).IsInvertible);
            Close(clean, process.ToClean(prediction, noisy, level));
            Close(noise, process.ToNoise(prediction, noisy, level));
            Close(prediction, process.FromClean(clean, noisy, level));

            // A model for inpainting is given more channels than it predicts.
            Close(clean, process.ToClean(prediction, cat([noisy, noisy], 1), level));
        }

        // Near the clean end, small numbers are divided by small ones.
        static void Close(Tensor expected, Tensor actual) => Assert.True(expected.allclose(actual, 2e-3, 2e-3));
    }

    [Theory, MemberData(nameof(Types))]
    public void Samples_of_a_batch_have_timesteps_of_their_own(PredictionType type)
    {
        DiffusionProcess process = Process(type);
        using DisposeScope scope = NewDisposeScope();
        Tensor clean = Reference.FormulaWeights.Input("x", [3, 4, 2, 2]), noise = Reference.FormulaWeights.Input("e", [3, 4, 2, 2]);
        Tensor timesteps = type == PredictionType.Flow ? tensor(new[] { 1.5, 400, 1000 }) : tensor(new long[] { 1, 400, 999 });
        Tensor noisy = process.AddNoise(clean, noise, timesteps), target = process.Target(clean, noise, timesteps);
        Assert.True(clean.allclose(process.ToClean(target, noisy, timesteps), 1e-3, 1e-3));
        for (int i = 0; i < 3; i++)
        {
            NoiseLevel level = process.LevelAt(timesteps[i].to(ScalarType.Float64).item<double>());
            (double a, double b) = process.TargetWeights(level);
            Assert.True((level.Alpha * clean[i] + level.Sigma * noise[i]).allclose(noisy[i], 1e-5, 1e-6));
            Assert.True((a * clean[i] + b * noise[i]).allclose(target[i], 1e-5, 1e-6));
        }
    }

    [Fact]
    public void Zero_terminal_signal_is_infinitely_noisy()
    {
        var process = new DiffusionProcess(s_schedule.WithZeroTerminalSnr(), PredictionType.Velocity);
        Assert.Equal(double.PositiveInfinity, process.SigmaAt(999));
        Assert.Equal(double.PositiveInfinity, process.SigmaAt(998.5));
        Assert.True(double.IsFinite(process.SigmaAt(998)));
        Assert.Equal((0, 1), Level(process, 999));
        Assert.Equal((0, 1), Level(process, 998.5));
        Assert.True(process.CleanWeights(process.LevelAt(999)).IsInvertible);
        var blind = new DiffusionProcess(s_schedule.WithZeroTerminalSnr(), PredictionType.Epsilon);
        Assert.False(blind.CleanWeights(blind.LevelAt(999)).IsInvertible);
    }

    [Fact]
    public void It_follows_from_a_schedulers_configuration()
    {
        DiffusionProcess velocity = Of("""
            {
              "_class_name": "EulerDiscreteScheduler", "prediction_type": "v_prediction",
              "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"
            }
            """);
        Assert.Equal((PredictionType.Velocity, 1000), (velocity.PredictionType, velocity.TrainingTimesteps));
        Assert.Equal(new DiffusionProcess(s_schedule, PredictionType.Velocity).SigmaAt(321), velocity.SigmaAt(321), 1e-5);
        DiffusionProcess flow = Of("""{ "_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 50 }""");
        Assert.Equal((PredictionType.Flow, 50), (flow.PredictionType, flow.TrainingTimesteps));
        Assert.Null(flow.Schedule);

        // A class that the library does not have.
        DiffusionProcess unknown = Of("""{ "_class_name": "DPMSolverSDEScheduler", "prediction_type": "sample" }""");
        Assert.Equal(PredictionType.Sample, unknown.PredictionType);
        var e = Assert.Throws<NotSupportedException>(() => Of("""{ "_class_name": "EDMEulerScheduler" }"""));
        Assert.Equal("EDMEulerScheduler has neither a discrete training schedule nor a flow.", e.Message);
        Assert.Throws<ArgumentException>(() => new DiffusionProcess(s_schedule, PredictionType.Flow));
        Assert.Throws<ArgumentOutOfRangeException>(() => DiffusionProcess.Flow(0));
    }

    private static DiffusionProcess Process(PredictionType type) =>
        type == PredictionType.Flow ? DiffusionProcess.Flow() : new DiffusionProcess(s_schedule, type);

    private static DiffusionProcess Of(string json) => DiffusionProcess.FromConfig(SchedulerConfig.Parse(json));

    private static (double Alpha, double Sigma) Level(DiffusionProcess process, double timestep)
    {
        (double alpha, double sigma) = process.LevelAt(timestep);
        return (alpha, sigma);
    }
}
