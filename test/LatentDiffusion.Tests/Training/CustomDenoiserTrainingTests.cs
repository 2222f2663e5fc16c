using LatentDiffusion.Evaluation;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>Objectives, validation and distillation train any denoiser, not only the library's networks.</summary>
public sealed class CustomDenoiserTrainingTests : IDisposable
{
    private readonly TinyDenoiser _tiny = new();
    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _tiny.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void It_is_trained_and_validated_under_the_name_of_its_component()
    {
        using var denoiser = new PatchDenoiser();
        using var objective = new DenoiserObjective(
            denoiser, _tiny.Text, _tiny.Tokenizer, _tiny.Autoencoder, _tiny.Data, schedule: null,
            new DenoiserTrainingOptions { BatchSize = 6, PredictionType = PredictionType.Flow, TrainTextEncoder = false });
        Assert.Equal(["transformer"], objective.Modules.Keys);
        using var captions = new ClipTextConditioning(_tiny.Text, _tiny.Tokenizer, _tiny.Data.Ids, train: false);
        var validation = new ValidationLoss(
            denoiser, captions, _tiny.Data, LatentScaling.Of(_tiny.Autoencoder), DiffusionProcess.Flow(),
            new ValidationOptions { TimestepsPerImage = 8 });
        double before = validation.Measure().Mean;
        var options = new TrainingOptions { Steps = 40, CheckpointEvery = 40, Optimizer = new OptimizerOptions { LearningRate = 0.02, WarmupSteps = 0 } };
        Assert.True(new Trainer(options).Run(objective, _folder["run"]));
        Assert.InRange(validation.Measure().Mean, 0, 0.9 * before);
    }

    [Fact]
    public void A_target_network_needs_a_denoiser_that_can_be_copied()
    {
        using PatchDenoiser student = new(), teacher = new();
        using var captions = new ClipTextConditioning(_tiny.Text, _tiny.Tokenizer, _tiny.Data.Ids, train: false);
        var options = new ConsistencyTrainingOptions { BatchSize = 2, SolverSteps = 20 };
        Assert.Contains("does not override Copy", Assert.Throws<NotSupportedException>(() => Objective(options)).Message, StringComparison.Ordinal);

        using ConsistencyObjective objective = Objective(options with { TargetDecay = 0 });
        using var generator = new Generator(1);
        objective.Loss(new TrainingStep(0, generator)).backward();
        Assert.All(student.Network.parameters(), p => Assert.True(p.grad!.abs().max().item<float>() > 0));
        Assert.All(teacher.Network.parameters(), p => Assert.Null(p.grad));

        ConsistencyObjective Objective(ConsistencyTrainingOptions choice) => new(
            student, teacher, captions, _tiny.Data, LatentScaling.Of(_tiny.Autoencoder),
            SchedulerConfig.Parse("""{ "_class_name": "DDIMScheduler", "prediction_type": "v_prediction" }"""), choice);
    }

    /// <summary>One linear layer over tokens of two by two latents, which also sees the time and the mean of the text.</summary>
    private sealed class PatchDenoiser : ITrainableDenoiser, IDisposable
    {
        private readonly TorchSharp.Modules.Linear _layer = nn.Linear(4 * 4 + 1 + 8, 4 * 4);

        public PatchDenoiser() => Reference.FormulaWeights.Fill(_layer);

        public DenoiserDescription Description { get; } = new() { LatentChannels = 4, PatchSize = 2, TextWidth = 8 };

        public string ComponentName => "transformer";

        public nn.Module Network => _layer;

        public Tensor Predict(DenoiserInput input)
        {
            using IDisposable noGrad = no_grad();
            return Forward(input);
        }

        public Tensor Forward(DenoiserInput input)
        {
            Description.ThrowIfUnsupported(input);
            Tensor tokens = nn.functional.pixel_unshuffle(input.Latents, 2);
            long[] shape = tokens.shape;
            tokens = tokens.flatten(2).transpose(1, 2);
            Tensor time = tensor(input.Timesteps.Select(t => (float)t / 1000).ToArray()).view(-1, 1, 1).expand(shape[0], tokens.shape[1], 1);
            Tensor text = input.Conditioning.HiddenStates.mean([1], keepdim: true).expand(shape[0], tokens.shape[1], 8);
            Tensor output = _layer.call(cat([tokens, time, text], 2));
            return nn.functional.pixel_shuffle(output.transpose(1, 2).reshape(shape), 2);
        }

        public void Dispose() => _layer.Dispose();
    }
}
