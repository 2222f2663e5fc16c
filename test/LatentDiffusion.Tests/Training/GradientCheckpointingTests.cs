using LatentDiffusion.Tests.Pipelines;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

[Collection(LiveTensors.Collection)]
public sealed class GradientCheckpointingTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Gradients_are_the_same_and_nothing_is_left_behind(bool masked)
    {
        using var tiny = new TinyDenoiser();
        UNet2DConditionModel network = tiny.Network;
        network.to(ScalarType.Float64);
        Dictionary<string, double[]> kept = Gradients();
        network.GradientCheckpointing = true;
        Gradients();
        long before = LiveTensors.Settled();
        Dictionary<string, double[]> recomputed = Gradients();
        Assert.Equal(before, LiveTensors.Settled());
        // Except for the order in which a tensor's gradients are summed.
        foreach ((string name, double[] values) in kept)
            Assert.All(values.Zip(recomputed[name]), p => Assert.Equal(p.First, p.Second, 1e-13));

        Dictionary<string, double[]> Gradients()
        {
            using DisposeScope scope = NewDisposeScope();
            network.zero_grad();
            Tensor text = Reference.FormulaWeights.Input("t", [2, 8, 8]).to(ScalarType.Float64).requires_grad_();
            Tensor? mask = masked ? tensor([1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1], [2, 8]) : null;
            Tensor output = network.call(
                new UNetInput(Reference.FormulaWeights.Input("x", [2, 4, 8, 8]).to(ScalarType.Float64), tensor([700, 31]), text)
                {
                    Mask = mask
                });
            output.square().mean().backward();
            Dictionary<string, double[]> gradients = network.named_parameters()
                .ToDictionary(p => p.name, p => p.parameter.grad!.data<double>().ToArray());
            gradients.Add("text", text.grad!.data<double>().ToArray());
            return gradients;
        }
    }

    [Fact]
    public void A_run_takes_the_same_course()
    {
        double[] Train(bool checkpointing)
        {
            using var folder = new TemporaryFolder();
            using var tiny = new TinyDenoiser();
            tiny.Network.GradientCheckpointing = checkpointing;
            using DenoiserObjective objective = tiny.Objective(new DenoiserTrainingOptions { BatchSize = 2 }, NoiseSchedule.ScaledLinear());
            var losses = new List<double>();
            var options = new TrainingOptions
            {
                Steps = 3, CheckpointEvery = 3,
                Optimizer = new OptimizerOptions { WarmupSteps = 0, LearningRate = 1e-2 }
            };
            new Trainer(options).Run(objective, folder["run"], new Report(p => losses.Add(p.Loss)));
            return [.. losses];
        }

        Assert.All(Train(false).Zip(Train(true)), p => Assert.Equal(p.First, p.Second, 1e-5));
    }

    private sealed class Report(Action<TrainingProgress> action) : IProgress<TrainingProgress>
    {
        void IProgress<TrainingProgress>.Report(TrainingProgress value) => action(value);
    }
}
