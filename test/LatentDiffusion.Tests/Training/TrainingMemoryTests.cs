using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>The calculated memory of a run is that of the tensors that the run allocates.</summary>
public sealed class TrainingMemoryTests
{
    [Theory]
    [InlineData(OptimizerAlgorithm.AdamW, TrainingPrecision.Float32)]
    [InlineData(OptimizerAlgorithm.AdamW8Bit, TrainingPrecision.Float32)]
    [InlineData(OptimizerAlgorithm.Adafactor, TrainingPrecision.BFloat16)]
    public void It_is_that_of_the_tensors(OptimizerAlgorithm algorithm, TrainingPrecision precision)
    {
        using var tiny = new TinyDenoiser();
        using DenoiserObjective objective = tiny.Objective(new DenoiserTrainingOptions(), NoiseSchedule.ScaledLinear());
        tiny.Text.parameters().First().requires_grad = false;
        var options = new TrainingOptions { Precision = precision, Optimizer = new OptimizerOptions { Algorithm = algorithm } };
        TrainingMemory memory = TrainingMemory.Calculate(objective, options);

        using var parameters = new FlatParameters(objective.Modules, precision);
        using IFlatOptimizer optimizer = FlatOptimizer.Create(parameters, options.Optimizer);
        using var average = new ExponentialMovingAverage(parameters, 0.9);
        Assert.Equal(parameters.Ranges.Sum(range => range.Length), memory.TrainedValues);
        Assert.Equal(Bytes(parameters.Gradients), memory.Gradients);
        Assert.Equal(optimizer.State.Sum(state => Bytes(state.Value)), memory.OptimizerState);
        Assert.Equal(Bytes(average.Values), memory.Averages);
        Assert.Equal(0, TrainingMemory.Calculate(objective, options with { EmaDecay = 0 }).Averages);
        Assert.Equal(precision == TrainingPrecision.Float32 ? 0 : Bytes(parameters.Values), memory.Copies);
        Assert.Equal(memory.Gradients + memory.OptimizerState + memory.Averages + memory.Copies, memory.Total);
    }

    private static long Bytes(Tensor tensor) => tensor.numel() * tensor.element_size();
}
