using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>What dropout drops follows from the seed and the step's number, and the global generator is left alone.</summary>
[Collection(LiveTensors.Collection)]
public sealed class DropoutTests
{
    private static readonly TrainingOptions s_options = new()
    {
        Steps = 6, CheckpointEvery = 2, Seed = 5, Optimizer = new OptimizerOptions { WarmupSteps = 0, LearningRate = 1e-2 },
    };

    [Theory]
    [InlineData(false, TrainingPrecision.Float32)]
    [InlineData(true, TrainingPrecision.Float32)]
    [InlineData(true, TrainingPrecision.BFloat16)]
    public void A_stopped_run_ends_with_the_weights_of_one_that_was_not(bool checkpointing, TrainingPrecision precision)
    {
        using var folder = new TemporaryFolder();
        TrainingOptions options = s_options with { Precision = precision };
        manual_seed(1);
        float[]? whole = Train("whole", stopAfter: null), stopped = null;
        manual_seed(2);
        for (int part = 0; part < 3; part++) stopped = Train("parts", stopAfter: 2);
        Assert.Equal(whole, stopped);

        float[]? Train(string run, int? stopAfter)
        {
            using TinyDenoiser tiny = Denoiser(0.3);
            tiny.Network.GradientCheckpointing = checkpointing;
            using DenoiserObjective objective = tiny.Objective(new DenoiserTrainingOptions { BatchSize = 2 }, NoiseSchedule.ScaledLinear());
            using var stop = new CancellationTokenSource();
            int steps = 0;
            bool done = new Trainer(options).Run(
                objective,
                folder[run],
                new Report(_ => { if (++steps == stopAfter) stop.Cancel(); }),
                stop.Token);
            return done ? [.. tiny.Network.parameters().SelectMany(p => p.detach().data<float>())] : null;
        }
    }

    [Fact]
    public void The_global_generator_is_left_alone_and_something_is_dropped()
    {
        Assert.NotEqual(Loss(0), Loss(0.3));

        static double Loss(double dropout)
        {
            using var folder = new TemporaryFolder();
            using TinyDenoiser tiny = Denoiser(dropout);
            using DenoiserObjective objective = tiny.Objective(new DenoiserTrainingOptions { BatchSize = 2 }, NoiseSchedule.ScaledLinear());
            double loss = 0;
            byte[] before = Generator.Default.get_state().bytes.ToArray();
            new Trainer(s_options with { Steps = 1 }).Run(objective, folder["run"], new Report(p => loss = p.Loss));
            Assert.Equal(before, Generator.Default.get_state().bytes.ToArray());
            return loss;
        }
    }

    [Fact]
    public void Checkpointed_gradients_are_those_of_the_same_draws()
    {
        using TinyDenoiser tiny = Denoiser(0.3);
        UNet2DConditionModel network = tiny.Network;
        network.to(ScalarType.Float64);
        network.train();
        Dictionary<string, double[]> kept = Gradients(4);
        Assert.NotEqual(kept["conv_in.weight"], Gradients(5)["conv_in.weight"]);
        network.GradientCheckpointing = true;
        Same(kept, Gradients(4));

        // Outside of a step it draws from the global generator, as anywhere in PyTorch, and drops the same both times.
        manual_seed(7);
        Dictionary<string, double[]> checkpointed = Gradients(null);
        network.GradientCheckpointing = false;
        manual_seed(7);
        Same(checkpointed, Gradients(null));

        Dictionary<string, double[]> Gradients(ulong? seed)
        {
            using DisposeScope scope = NewDisposeScope();
            using Generator? generator = seed is { } given ? new Generator(given) : null;
            using IDisposable? draws = generator is null ? null : DropoutRandom.From(generator);
            network.zero_grad();
            Tensor text = Reference.FormulaWeights.Input("t", [2, 8, 8]).to(ScalarType.Float64).requires_grad_();
            Tensor output = network.call(
                new UNetInput(Reference.FormulaWeights.Input("x", [2, 4, 8, 8]).to(ScalarType.Float64), tensor([700, 31]), text));
            output.square().mean().backward();
            return network.named_parameters().ToDictionary(p => p.name, p => p.parameter.grad!.data<double>().ToArray());
        }

        static void Same(Dictionary<string, double[]> expected, Dictionary<string, double[]> actual)
        {
            foreach ((string name, double[] values) in expected)
                Assert.All(values.Zip(actual[name]), p => Assert.Equal(p.First, p.Second, 1e-13));
        }
    }

    [Fact]
    public void Values_are_dropped_at_the_given_rate_and_the_mean_stays()
    {
        using DisposeScope scope = NewDisposeScope();
        using var dropout = new TrainingDropout(0.25);
        using var generator = new Generator(3);
        using IDisposable draws = DropoutRandom.From(generator);
        dropout.train();
        float[] values = dropout.call(ones(200, 500)).data<float>().ToArray();
        // The share of 100,000 draws has a standard deviation of 0.0014.
        Assert.Equal(0.25, values.Count(v => v == 0) / 1e5, 0.007);
        Assert.All(values, v => Assert.True(v == 0 || Math.Abs(v - 1 / 0.75) < 1e-6));
        dropout.eval();
        Assert.False(dropout.IsActive);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(-0.1)]
    [InlineData(double.NaN)]
    public void A_rate_out_of_range_is_refused(double rate) =>
        Assert.Contains("dropout is", Assert.Throws<ArgumentException>(() => Denoiser(rate)).Message, StringComparison.Ordinal);

    private static TinyDenoiser Denoiser(double dropout) => new(dropout: dropout);

    private sealed class Report(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value);
    }
}
