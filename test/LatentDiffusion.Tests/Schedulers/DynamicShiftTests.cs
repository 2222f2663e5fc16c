using Xunit;

namespace LatentDiffusion.Tests.Schedulers;

/// <summary>The shift of flow-matching levels that follows from the size of the latents.</summary>
public sealed class DynamicShiftTests
{
    private static readonly SchedulerConfig s_flux = SchedulerConfig.Parse("""
        {
          "_class_name": "FlowMatchEulerDiscreteScheduler", "use_dynamic_shifting": true, "shift": 3.0,
          "base_shift": 0.5, "max_shift": 1.15, "base_image_seq_len": 256, "max_image_seq_len": 4096
        }
        """);

    [Theory]
    [InlineData(32, 32, 0.5)]
    [InlineData(128, 128, 1.15)]
    [InlineData(12, 8, 0.4607291666666667)]
    [InlineData(4, 4, 0.45734375)]
    public void Mu_is_linear_in_the_number_of_tokens(int height, int width, double mu) =>
        Assert.Equal(mu, Plan(NoiseScheduler.FromConfig(s_flux), new() { Steps = 4 }, height, width).Options.Mu!.Value, 1e-12);

    /// <summary>Figures of FluxPipeline (diffusers 0.40) for 64 x 96 pixels in four steps.</summary>
    [Fact]
    public void Levels_of_a_FLUX_pipeline_are_those_of_diffusers()
    {
        SamplingPlan plan = Plan(NoiseScheduler.FromConfig(s_flux), new() { Sigmas = [1, 0.75, 0.5, 0.25] }, 12, 8);
        AssertClose([1000, 826.25885, 613.187195, 345.72525], plan.Timesteps, 5e-4);
        AssertClose([1, 0.826258838, 0.613187194, 0.345725238, 0], plan.Sigmas, 5e-7);
    }

    [Theory]
    [InlineData("dpm++")]
    [InlineData("dpm++-2s")]
    [InlineData("deis")]
    [InlineData("unipc")]
    public void Exponential_integrators_shift_likewise(string name)
    {
        Assert.True(KnownSchedulers.TryGet(name, out KnownScheduler? known));
        NoiseScheduler scheduler = known.Create(s_flux);
        SamplingPlan plan = Plan(scheduler, new() { Sigmas = [0.75, 0.5, 0.25] }, 12, 8);
        AssertClose([0.826258838, 0.613187194, 0.345725238], plan.Sigmas.Take(3), 5e-7);
        Assert.NotEqual(plan.Sigmas, Plan(scheduler, new() { Sigmas = [0.75, 0.5, 0.25] }, 64, 64).Sigmas);
        Assert.DoesNotContain(scheduler.IgnoredOptions, o => o.StartsWith("base_", StringComparison.Ordinal));
    }

    [Fact]
    public void A_given_mu_takes_precedence()
    {
        SamplingPlan plan = Plan(NoiseScheduler.FromConfig(s_flux), new() { Steps = 4, Mu = 0 }, 128, 128);
        Assert.Equal(0, plan.Options.Mu);

        // e^0 = 1 shifts nothing.
        AssertClose([1000, 667, 334, 1], plan.Timesteps, 1e-3);
    }

    [Fact]
    public void What_has_no_shift_is_refused()
    {
        NoiseScheduler flux = NoiseScheduler.FromConfig(s_flux);
        Refused(() => Plan(flux, new() { Steps = 4 }, 1, 128), "holds no token of 2 x 2 latents");
        Refused(() => Plan(flux, new() { Steps = 4, Mu = double.NaN }, 64, 64), "Mu is a finite number, not NaN");
        Refused(() => Plan(new FlowMatchEulerScheduler(), new() { Steps = 4, Mu = 1 }, 64, 64),
            "Mu has no meaning without use_dynamic_shifting");
        Refused(() => NoiseScheduler.FromConfig(s_flux.With("max_image_seq_len", 256)),
            "'base_image_seq_len' and 'max_image_seq_len' are both 256");
    }

    private static SamplingPlan Plan(NoiseScheduler scheduler, SamplingOptions options, int height, int width) =>
        scheduler.Plan(options, new LatentShape(16, height, width));

    private static void AssertClose(double[] expected, IEnumerable<double> actual, double tolerance)
    {
        double[] values = [.. actual];
        Assert.Equal(expected.Length, values.Length);
        Assert.All(expected.Zip(values), pair => Assert.Equal(pair.First, pair.Second, tolerance));
    }

    private static void Refused(Func<object> attempt, string message) =>
        Assert.Contains(message, Assert.ThrowsAny<ArgumentException>(attempt).Message, StringComparison.Ordinal);
}
