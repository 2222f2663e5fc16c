using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Schedules;

/// <summary>Each table and operation against its definition.</summary>
public sealed class NoiseScheduleTests
{
    public static TheoryData<string> Kinds => ["linear", "scaled_linear", "cosine", "sigmoid", "exponential", "laplace"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Tables_follow_from_betas(string kind)
    {
        NoiseSchedule schedule = Make(kind, 200);
        double product = 1;
        for (int t = 0; t < schedule.Timesteps; t++)
        {
            Assert.InRange(schedule.Betas[t], 0, 1);
            Assert.Equal(1 - schedule.Betas[t], schedule.Alphas[t], 1e-15);
            product *= 1 - schedule.Betas[t];
            Assert.Equal(product, schedule.AlphasCumprod[t], 1e-12);
            Assert.Equal(product / (1 - product), schedule.SignalToNoiseRatio(t), 1e-9 * schedule.SignalToNoiseRatio(t));
        }
    }

    [Fact]
    public void Linear_and_scaled_linear_have_even_steps()
    {
        NoiseSchedule linear = NoiseSchedule.Linear(11, 0.1, 0.2), scaled = NoiseSchedule.ScaledLinear(11, 0.01, 0.04);
        for (int t = 0; t < 11; t++)
        {
            Assert.Equal(0.1 + (0.01 * t), linear.Betas[t], 1e-15);
            Assert.Equal(0.1 + (0.01 * t), Math.Sqrt(scaled.Betas[t]), 1e-15);
        }
    }

    [Fact]
    public void Cosine_follows_its_curve()
    {
        NoiseSchedule schedule = NoiseSchedule.Cosine(100);
        double Curve(double u) => Math.Pow(Math.Cos((u + 0.008) / 1.008 * Math.PI / 2), 2);
        for (int t = 0; t < 98; t++) Assert.Equal(Curve((t + 1) / 100.0) / Curve(0), schedule.AlphasCumprod[t], 1e-12);
        Assert.Equal(0.999, schedule.Betas[99]);
    }

    [Fact]
    public void Sigmoid_is_symmetric_between_its_ends()
    {
        NoiseSchedule schedule = NoiseSchedule.Sigmoid(101, 0.001, 0.003);
        Assert.Equal(0.002, schedule.Betas[50], 1e-15);
        for (int t = 0; t < 101; t++) Assert.Equal(0.004, schedule.Betas[t] + schedule.Betas[100 - t], 1e-12);
    }

    /// <summary>T steps of q(x_t|x_{t−1}) with noise on every step have the mean and variance of the closed form.</summary>
    [Theory]
    [MemberData(nameof(Kinds))]
    public void Closed_form_equals_single_steps(string kind)
    {
        NoiseSchedule schedule = Make(kind, 150);
        double mean = 1, variance = 0;
        for (int t = 0; t < schedule.Timesteps; t++)
        {
            mean *= Math.Sqrt(1 - schedule.Betas[t]);
            variance = ((1 - schedule.Betas[t]) * variance) + schedule.Betas[t];
            Assert.Equal(mean, Math.Sqrt(schedule.AlphasCumprod[t]), 1e-12);
            Assert.Equal(variance, 1 - schedule.AlphasCumprod[t], 1e-12);
        }
    }

    [Fact]
    public void Add_noise_and_velocity_are_their_formulas()
    {
        NoiseSchedule schedule = NoiseSchedule.Linear(100);
        using DisposeScope scope = NewDisposeScope();
        using GeneratorNoise noise = new(1);
        Tensor x0 = noise.Next(3, 2, 4, 4), epsilon = noise.Next(3, 2, 4, 4), t = tensor(new long[] { 0, 40, 99 });
        Tensor noisy = schedule.AddNoise(x0, epsilon, t), velocity = schedule.Velocity(x0, epsilon, t);
        for (int i = 0; i < 3; i++)
        {
            double a = Math.Sqrt(schedule.AlphasCumprod[(int)t[i].item<long>()]), s = Math.Sqrt(1 - (a * a));
            Assert.True(allclose((x0[i] * a) + (epsilon[i] * s), noisy[i], atol: 1e-6));
            Assert.True(allclose((epsilon[i] * a) - (x0[i] * s), velocity[i], atol: 1e-6));

            // v and x_t together give x_0 and ε back (Salimans & Ho 2022, appendix D).
            Assert.True(allclose((noisy[i] * a) - (velocity[i] * s), x0[i], atol: 1e-5));
        }
    }

    [Fact]
    public void Add_noise_keeps_the_data_type_and_leaves_one_tensor()
    {
        NoiseSchedule schedule = NoiseSchedule.Linear(10);
        using Tensor x0 = ones(2, 3, dtype: ScalarType.BFloat16), noise = zeros(2, 3, dtype: ScalarType.BFloat16),
            t = tensor(new long[] { 1, 2 });
        using DisposeScope scope = NewDisposeScope();
        Tensor noisy = schedule.AddNoise(x0, noise, t);
        Assert.Equal(ScalarType.BFloat16, noisy.dtype);
        Assert.Equal(1, scope.DisposablesCount);
    }

    [Fact]
    public void Add_noise_refuses_what_does_not_fit()
    {
        NoiseSchedule schedule = NoiseSchedule.Linear(10);
        using DisposeScope scope = NewDisposeScope();
        Tensor x0 = zeros(2, 3), t = tensor(new long[] { 1, 10 });
        Assert.Throws<ArgumentOutOfRangeException>(() => schedule.AddNoise(x0, x0, t));
        Assert.Throws<ArgumentException>(() => schedule.AddNoise(x0, zeros(2, 4), tensor(new long[] { 1, 2 })));
        Assert.Throws<ArgumentException>(() => schedule.AddNoise(x0, x0, tensor(new[] { 1f, 2f })));
        Assert.Throws<ArgumentException>(() => schedule.AddNoise(x0, x0, tensor(new long[] { 1 })));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Zero_terminal_snr_keeps_the_first_and_ends_in_pure_noise(string kind)
    {
        NoiseSchedule plain = Make(kind, 100), schedule = plain.WithZeroTerminalSnr();
        Assert.Equal(plain.AlphasCumprod[0], schedule.AlphasCumprod[0], 1e-12);
        Assert.Equal(0, schedule.AlphasCumprod[^1], 1e-15);
        Assert.Equal(0, schedule.SignalToNoiseRatio(99), 1e-15);

        // √ᾱ is moved by a linear map, so that its ratios of differences stay.
        double Root(NoiseSchedule s, int t) => Math.Sqrt(s.AlphasCumprod[t]);
        Assert.Equal(
            (Root(plain, 20) - Root(plain, 50)) / (Root(plain, 0) - Root(plain, 99)),
            (Root(schedule, 20) - Root(schedule, 50)) / (Root(schedule, 0) - Root(schedule, 99)),
            1e-9);
    }

    [Fact]
    public void Bad_schedules_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => NoiseSchedule.Linear(0));
        Assert.Throws<ArgumentException>(() => NoiseSchedule.FromBetas([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => NoiseSchedule.FromBetas([0.1, double.NaN]));
        Assert.Throws<ArgumentOutOfRangeException>(() => NoiseSchedule.Linear(10, 0.5, 1.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => NoiseSchedule.Linear(10).SignalToNoiseRatio(10));
    }

    private static NoiseSchedule Make(string kind, int timesteps) => kind switch
    {
        "linear" => NoiseSchedule.Linear(timesteps),
        "scaled_linear" => NoiseSchedule.ScaledLinear(timesteps),
        "cosine" => NoiseSchedule.Cosine(timesteps),
        "sigmoid" => NoiseSchedule.Sigmoid(timesteps),
        "exponential" => NoiseSchedule.Exponential(timesteps),
        _ => NoiseSchedule.Laplace(timesteps),
    };
}
