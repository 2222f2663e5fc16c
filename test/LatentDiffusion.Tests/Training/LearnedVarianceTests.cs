using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

public sealed class LearnedVarianceTests : IDisposable
{
    private static readonly NoiseSchedule s_schedule = NoiseSchedule.Cosine(50);

    private readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    [Theory]
    [InlineData(PredictionType.Epsilon)]
    [InlineData(PredictionType.Velocity)]
    [InlineData(PredictionType.Sample)]
    public void The_bound_is_the_divergence_and_at_the_end_the_likelihood(PredictionType prediction)
    {
        long[] timesteps = [0, 1, 2, 20, 48];
        Tensor sample = Input("x"), noise = Input("e"), output = Input("o"), variance = Input("v") / 3, t = tensor(timesteps);
        Tensor noisy = s_schedule.AddNoise(sample, noise, t);
        double[] actual = new LearnedVarianceLoss(new DiffusionProcess(s_schedule, prediction))
            .Compute(sample, noisy, t, output, variance)
            .data<double>()
            .ToArray();

        for (int i = 0; i < timesteps.Length; i++)
        {
            int time = (int)timesteps[i];
            double beta = s_schedule.Betas[time],
                alphaBar = s_schedule.AlphasCumprod[time],
                previous = time == 0 ? 1 : s_schedule.AlphasCumprod[time - 1];
            double posterior = time == 0 ? 0 : 1 / ((1 - beta) / beta + 1 / (1 - previous));
            double second = s_schedule.Betas[1] * (1 - s_schedule.AlphasCumprod[0]) / (1 - s_schedule.AlphasCumprod[1]);
            double lower = Math.Log(time == 0 ? second : posterior);
            double[] x = Values(sample), xt = Values(noisy), o = Values(output), v = Values(variance);
            double[] Values(Tensor of) => of[i].data<double>().ToArray();
            double sum = 0;
            for (int j = 0; j < x.Length; j++)
            {
                double estimate = prediction switch
                {
                    PredictionType.Epsilon => (xt[j] - Math.Sqrt(1 - alphaBar) * o[j]) / Math.Sqrt(alphaBar),
                    PredictionType.Velocity => Math.Sqrt(alphaBar) * xt[j] - Math.Sqrt(1 - alphaBar) * o[j],
                    _ => o[j],
                };
                double share = (v[j] + 1) / 2, modelled = Math.Exp(share * Math.Log(beta) + (1 - share) * lower);
                if (time == 0)
                {
                    sum += 0.5 * Math.Log(2 * Math.PI * modelled) + (x[j] - estimate) * (x[j] - estimate) / (2 * modelled);
                    continue;
                }

                double Mean(double clean) =>
                    posterior * (Math.Sqrt(1 - beta) / beta * xt[j] + Math.Sqrt(previous) / (1 - previous) * clean);
                double difference = Mean(x[j]) - Mean(estimate);
                sum += 0.5 * (Math.Log(modelled / posterior) + (posterior + difference * difference) / modelled - 1);
            }

            double expected = sum / x.Length / Math.Log(2);
            Assert.Equal(expected, actual[i], 1e-9 * Math.Max(1, Math.Abs(expected)));
        }
    }

    [Fact]
    public void The_hybrid_loss_trains_the_variance_by_the_bound_alone()
    {
        using var tiny = new TinyDenoiser(outChannels: 8);
        tiny.Network.to(ScalarType.Float64);
        tiny.Text.to(ScalarType.Float64);
        var options = new DenoiserTrainingOptions { BatchSize = 6, LearnedVariance = true, VariationalWeight = 0.01 };
        using DenoiserObjective objective = tiny.Objective(options, s_schedule);
        TrainingStep step = Step();
        double loss = objective.Loss(step).item<double>();
        Assert.Equal(step.Metrics["simple"] + 0.01 * 50 * step.Metrics["variational"], loss, 1e-12);

        Tensor weight = tiny.Network.named_parameters().First(p => p.name == "conv_out.weight").parameter;
        tiny.Network.zero_grad();
        objective.Loss(Step()).backward();
        Tensor gradient = weight.grad!.clone();
        double Value(string metric, int row)
        {
            double At(double step)
            {
                using IDisposable noGrad = no_grad();
                weight[row].add_(step);
                TrainingStep moved = Step();
                objective.Loss(moved);
                weight[row].add_(-step);
                return moved.Metrics[metric];
            }

            return (At(1e-5) - At(-1e-5)) / 2e-5;
        }

        for (int row = 0; row < 8; row++)
        {
            double slope = gradient[row].sum().item<double>();
            double expected = row < 4 ? Value("simple", row) : 0.5 * Value("variational", row);
            Assert.Equal(expected, slope, 1e-6 * Math.Max(1, Math.Abs(expected)));
            Assert.True(Math.Abs(slope) > 1e-6);
        }

        static TrainingStep Step() => new(0, new Generator(9));
    }

    /// <summary>Over all parameters, text encoder included, with the mean that the bound takes held where it is.</summary>
    [Fact]
    public void The_hybrid_gradient_is_that_of_the_loss_with_its_mean_held()
    {
        using var tiny = new TinyDenoiser(outChannels: 8);
        tiny.Network.to(ScalarType.Float64);
        tiny.Text.to(ScalarType.Float64);
        using DenoiserObjective objective = tiny.Objective(
            new DenoiserTrainingOptions { BatchSize = 6, LearnedVariance = true, VariationalWeight = 0.01 }, s_schedule);
        Tensor? mean = null;
        bool hold = false;
        var hook = tiny.Network.register_forward_hook((_, _, output) =>
        {
            mean ??= output.narrow(1, 0, 4).detach().clone().DetachFromDisposeScope();
            return hold ? cat([mean, output.narrow(1, 4, 4)], 1) : output;
        });
        // By the first loss, at the parameters as they are.
        FiniteDifferences.Agree(
            () => objective.Loss(new TrainingStep(0, new Generator(9))), FiniteDifferences.Parameters(tiny.Network, tiny.Text),
            () => Metric("simple", held: false) + 0.01 * 50 * Metric("variational", held: true), tolerance: 1e-5);
        hook.remove();
        mean!.Dispose();

        double Metric(string name, bool held)
        {
            using IDisposable noGrad = no_grad();
            using DisposeScope scope = NewDisposeScope();
            hold = held;
            var step = new TrainingStep(0, new Generator(9));
            objective.Loss(step);
            hold = false;
            return step.Metrics[name];
        }
    }

    [Fact]
    public void Noise_without_signal_says_no_mean()
    {
        var e = Assert.Throws<ArgumentException>(
            () => new LearnedVarianceLoss(new DiffusionProcess(s_schedule.WithZeroTerminalSnr(), PredictionType.Epsilon)));
        Assert.Contains("49", e.Message, StringComparison.Ordinal);
        Assert.NotNull(new LearnedVarianceLoss(new DiffusionProcess(s_schedule.WithZeroTerminalSnr(), PredictionType.Velocity)));
    }

    private static Tensor Input(string name) => Reference.FormulaWeights.Input(name, [5, 2, 3, 3]).to(ScalarType.Float64);
}
