using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>float16 with a loss scale that follows the gradients.</summary>
public sealed class LossScaleTests : IDisposable
{
    private static readonly TrainingOptions s_options = new()
    {
        Steps = 30, CheckpointEvery = 10, Seed = 3, EmaDecay = 0, Precision = TrainingPrecision.Float16,
        Optimizer = new OptimizerOptions { LearningRate = 0.05, WarmupSteps = 3 },
    };

    private readonly DisposeScope _scope = NewDisposeScope();
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _folder.Dispose();
        _scope.Dispose();
    }

    [Fact]
    public void It_halves_on_overflow_and_doubles_after_two_thousand_steps()
    {
        using LossScale scale = LossScale.Create(TrainingPrecision.Float16)!;
        Assert.Null(LossScale.Create(TrainingPrecision.BFloat16));
        Assert.Equal(65536, scale.Value);
        for (int i = 0; i < 1999; i++) scale.Grow();
        Assert.Equal(65536, scale.Value);
        scale.Grow();
        Assert.Equal(131072, scale.Value);
        for (int i = 0; i < 1500; i++) scale.Grow();
        Assert.True(scale.TryShrink());
        // The count starts again.
        for (int i = 0; i < 1999; i++) scale.Grow();
        Assert.Equal(65536, scale.Value);
        while (scale.TryShrink()) { }
        Assert.Equal(1, scale.Value);
    }

    [Fact]
    public void Weights_are_those_of_float32_within_its_rounding_and_a_resumed_run_is_bit_equal()
    {
        float[] whole = Run("whole", s_options)!, wide = Run("wide", s_options with { Precision = TrainingPrecision.Float32 })!;
        Assert.All(whole.Zip(wide), p => Assert.Equal(p.Second, p.First, 0.02));
        Assert.NotEqual(wide, whole);
        Assert.Null(Run("parts", s_options, stopAfter: 7));
        Assert.Equal(whole, Run("parts", s_options));
        // From float32 on, with a new scale.
        Assert.Null(Run("changed", s_options with { Precision = TrainingPrecision.Float32 }, stopAfter: 7));
        Assert.NotNull(Run("changed", s_options));
    }

    [Fact]
    public void Steps_that_overflow_are_computed_again_with_a_smaller_scale()
    {
        var scales = new List<double>();
        // Gradients of about 1 times 65,536 are beyond float16, whose largest number is 65,504; twenty times smaller ones are not.
        float[] whole = Run("whole", s_options, factor: 20, metrics: scales.Add)!;
        Assert.Equal(30, scales.Count);
        Assert.True(scales[0] < 65536 && scales[0] >= 64, $"the scale of the first step is {scales[0]}");
        Assert.All(scales.Zip(scales.Skip(1)), p => Assert.True(p.Second <= p.First));
        float[] wide = Run("wide", s_options with { Precision = TrainingPrecision.Float32 }, factor: 20)!;
        Assert.All(whole.Zip(wide), p => Assert.Equal(p.Second, p.First, 0.02));
        Assert.Null(Run("parts", s_options, stopAfter: 2, factor: 20));
        Assert.Equal(whole, Run("parts", s_options, factor: 20));
    }

    [Fact]
    public void A_loss_that_is_not_finite_ends_the_run() =>
        Assert.Throws<TrainingDivergedException>(() => Run("run", s_options, factor: double.NaN));

    [Fact]
    public void A_model_is_trained_as_in_float32_within_rounding()
    {
        double[] half = Losses(TrainingPrecision.Float16), whole = Losses(TrainingPrecision.Float32);
        Assert.All(half.Zip(whole), p => Assert.Equal(p.Second, p.First, 0.02 * p.Second));

        double[] Losses(TrainingPrecision precision)
        {
            using var tiny = new TinyDenoiser();
            using DenoiserObjective objective = tiny.Objective(new DenoiserTrainingOptions { BatchSize = 2 }, NoiseSchedule.ScaledLinear());
            var losses = new List<double>();
            OptimizerOptions optimizer = new() { LearningRate = 1e-3, WarmupSteps = 0 };
            new Trainer(new TrainingOptions { Steps = 4, Precision = precision, Optimizer = optimizer }).Run(
                objective, _folder[$"{precision}"], new Report(p => losses.Add(p.Loss)));
            return [.. losses];
        }
    }

    private float[]? Run(
        string folder, TrainingOptions options, int? stopAfter = null, double factor = 1, Action<double>? metrics = null)
    {
        using var objective = new TinyObjective(_ => factor);
        using var stop = new CancellationTokenSource();
        return new Trainer(options).Run(objective, _folder[folder], new Report(p =>
        {
            if (p.Step == stopAfter) stop.Cancel();
            metrics?.Invoke(p.Metrics["loss_scale"]);
        }), stop.Token) ? objective.Weights : null;
    }

    private sealed class Report(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value);
    }
}
