using CsCheck;
using Xunit;

namespace LatentDiffusion.Tests.Schedules;

/// <summary>q(x_{t−1}|x_t, x_0) against Bayes' rule, computed numerically on a grid.</summary>
public sealed class PosteriorTests
{
    private static readonly NoiseSchedule s_schedule = NoiseSchedule.Linear(50, 0.01, 0.2);

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(49)]
    public void Posterior_is_bayes_rule(int t)
    {
        const double X0 = 0.7, Xt = -0.4;
        double prior = s_schedule.AlphasCumprod[t - 1], alpha = s_schedule.Alphas[t];
        double mass = 0, first = 0, second = 0;
        for (int i = -40000; i <= 40000; i++)
        {
            double x = i * 2e-4;

            // q(x_t|x_{t−1}) · q(x_{t−1}|x_0), unnormalised.
            double step = Square(Xt - (Math.Sqrt(alpha) * x)) / (2 * (1 - alpha));
            double before = Square(x - (Math.Sqrt(prior) * X0)) / (2 * (1 - prior));
            double p = Math.Exp(-step - before);
            mass += p;
            first += p * x;
            second += p * x * x;
        }

        double mean = first / mass, variance = (second / mass) - (mean * mean);
        (double clean, double noisy) = s_schedule.PosteriorMean(t);
        Assert.Equal(mean, (clean * X0) + (noisy * Xt), 1e-9);
        Assert.Equal(variance, s_schedule.PosteriorVariance(t), 1e-9);
        Assert.Equal(Math.Log(variance), s_schedule.PosteriorLogVariance(t), 1e-7);
    }

    [Fact]
    public void Both_forms_of_the_mean_agree() =>
        Gen.Select(Gen.Int[0, 49], Gen.Double[-3, 3], Gen.Double[-3, 3]).Sample((t, x0, epsilon) =>
        {
            double alphaBar = s_schedule.AlphasCumprod[t], xt = (Math.Sqrt(alphaBar) * x0) + (Math.Sqrt(1 - alphaBar) * epsilon);
            (double clean, double noisy) = s_schedule.PosteriorMean(t);
            (double fromNoisy, double fromNoise) = s_schedule.PosteriorMeanFromNoise(t);
            return Math.Abs((clean * x0) + (noisy * xt) - ((fromNoisy * xt) + (fromNoise * epsilon))) < 1e-9;
        });

    /// <summary>The weight is what turns an error of ε into the Kullback-Leibler divergence between the two Gaussians.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(49)]
    public void Variational_weight_is_that_of_the_divergence(int t)
    {
        const double Error = 0.3;
        (_, double fromNoise) = s_schedule.PosteriorMeanFromNoise(t);
        double divergence = Square(fromNoise * Error) / (2 * s_schedule.PosteriorVariance(t));
        Assert.Equal(divergence, s_schedule.VariationalWeight(t) * Square(Error), 1e-12);
    }

    [Fact]
    public void The_first_timestep_has_no_posterior_variance()
    {
        Assert.Equal(0, s_schedule.PosteriorVariance(0));
        Assert.Equal(s_schedule.PosteriorLogVariance(1), s_schedule.PosteriorLogVariance(0));
        Assert.Equal(1, s_schedule.PosteriorMean(0).Clean, 1e-12);
        Assert.Equal(0, s_schedule.PosteriorMean(0).Noisy);
        Assert.Equal(1 / (2 * s_schedule.Alphas[0]), s_schedule.VariationalWeight(0), 1e-12);
        Assert.Throws<ArgumentOutOfRangeException>(() => s_schedule.PosteriorVariance(50));
        Assert.Throws<ArgumentOutOfRangeException>(() => s_schedule.PosteriorMean(-1));
    }

    private static double Square(double x) => x * x;
}
