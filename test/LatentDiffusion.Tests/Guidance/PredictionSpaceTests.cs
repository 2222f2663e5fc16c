using Xunit;

namespace LatentDiffusion.Tests.Guidance;

public sealed class PredictionSpaceTests
{
    private static readonly NoiseSchedule s_schedule = NoiseSchedule.ScaledLinear();

    [Fact]
    public void Sigma_is_the_ratio_of_noise_to_signal_and_log_linear_between_timesteps()
    {
        var space = new PredictionSpace(s_schedule, PredictionType.Epsilon);
        double Sigma(int t) => Math.Sqrt((1 - s_schedule.AlphasCumprod[t]) / s_schedule.AlphasCumprod[t]);
        foreach (int t in new[] { 0, 1, 500, 998, 999 }) Assert.Equal(Sigma(t), space.SigmaOf(t), 1e-12 * Sigma(t));
        Assert.Equal(Math.Pow(Sigma(10), 0.75) * Math.Pow(Sigma(11), 0.25), space.SigmaOf(10.25), 1e-12);
        Assert.Equal(14.61464, space.SigmaOf(999), 1e-4); // The published sigma_max of Stable Diffusion.
        Assert.Equal(space.SigmaOf(999), space.SigmaOf(1000));
        Assert.Equal(0.25, PredictionSpace.Flow().SigmaOf(250));
    }

    [Fact]
    public void Zero_terminal_signal_is_infinitely_noisy()
    {
        var space = new PredictionSpace(s_schedule.WithZeroTerminalSnr(), PredictionType.Velocity);
        Assert.Equal(double.PositiveInfinity, space.SigmaOf(999));
        Assert.Equal(double.PositiveInfinity, space.SigmaOf(998.5));
        Assert.True(double.IsFinite(space.SigmaOf(998)));
        Assert.True(space.IsInvertible(999));
        Assert.False(new PredictionSpace(s_schedule.WithZeroTerminalSnr(), PredictionType.Epsilon).IsInvertible(999));
    }

    [Fact]
    public void It_follows_from_a_schedulers_configuration()
    {
        PredictionSpace velocity = PredictionSpace.Of(SchedulerConfig.Parse("""
            { "_class_name": "EulerDiscreteScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "prediction_type": "v_prediction" }
            """));
        Assert.Equal((PredictionType.Velocity, 1000), (velocity.PredictionType, velocity.TrainingTimesteps));
        Assert.Equal(new PredictionSpace(s_schedule, PredictionType.Velocity).SigmaOf(321), velocity.SigmaOf(321), 1e-5);
        Assert.Equal(PredictionType.Flow, PredictionSpace.Of(SchedulerConfig.Empty.WithClass(FlowMatchEulerScheduler.ClassName)).PredictionType);
        Assert.Throws<ArgumentException>(() => PredictionSpace.Of(SchedulerConfig.Empty.WithClass(EdmEulerScheduler.ClassName)));
        Assert.Throws<ArgumentException>(() => new PredictionSpace(s_schedule, PredictionType.Flow));
    }
}
