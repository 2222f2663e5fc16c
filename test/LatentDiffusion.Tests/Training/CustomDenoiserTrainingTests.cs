using LatentDiffusion.Evaluation;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Training;

/// <summary>Objectives, validation and distillation train any denoiser, not only the library's networks.</summary>
public sealed class CustomDenoiserTrainingTests : IDisposable
{
    private readonly TinyDenoiser _tiny = new();
    private readonly TemporaryFolder _folder = new();

    private static readonly DenoiserTrainingOptions s_flow = new()
    {
        BatchSize = 6, PredictionType = PredictionType.Flow, TrainTextEncoder = false,
    };

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
            s_flow);
        Assert.Equal(["transformer"], objective.Modules.Keys);
        using var captions = new ClipTextConditioning(_tiny.Text, _tiny.Tokenizer, _tiny.Data.Ids, train: false);
        var validation = new ValidationLoss(
            denoiser, captions, _tiny.Data, LatentScaling.FromConfig(_tiny.Autoencoder), DiffusionProcess.Flow(),
            new ValidationOptions { TimestepsPerImage = 8 });
        double before = validation.Measure().Mean;
        var options = new TrainingOptions
        {
            Steps = 40, CheckpointEvery = 40,
            Optimizer = new OptimizerOptions { LearningRate = 0.02, WarmupSteps = 0 }
        };
        Assert.True(new Trainer(options).Run(objective, _folder["run"]));
        Assert.InRange(validation.Measure().Mean, 0, 0.9 * before);
    }

    [Fact]
    public void Learned_guidance_reads_the_scale_of_the_options()
    {
        using PatchDenoiser guided = new(readsScale: true), plain = new();
        using DenoiserObjective low = Objective(guided, 1), high = Objective(guided, 5);
        Assert.NotEqual(Loss(low), Loss(high));
        Assert.Contains(
            "GuidanceScale is null",
            Assert.Throws<ArgumentException>(() => Objective(guided, null)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "GuidanceScale is 5",
            Assert.Throws<ArgumentException>(() => Objective(plain, 5)).Message,
            StringComparison.Ordinal);
        Assert.NotEqual(Validated(guided, 1), Validated(guided, 5));
        Assert.Contains(
            "GuidanceScale is null",
            Assert.Throws<ArgumentException>(() => Validated(guided, null)).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "GuidanceScale is 5",
            Assert.Throws<ArgumentException>(() => Validated(plain, 5)).Message,
            StringComparison.Ordinal);

        DenoiserObjective Objective(ITrainableDenoiser denoiser, double? scale) => new(
            denoiser, _tiny.Text, _tiny.Tokenizer, _tiny.Autoencoder, _tiny.Data, schedule: null, s_flow with { GuidanceScale = scale });

        double Validated(ITrainableDenoiser denoiser, double? scale)
        {
            using var captions = new ClipTextConditioning(_tiny.Text, _tiny.Tokenizer, _tiny.Data.Ids, train: false);
            return new ValidationLoss(
                denoiser, captions, _tiny.Data, LatentScaling.FromConfig(_tiny.Autoencoder), DiffusionProcess.Flow(),
                new ValidationOptions { GuidanceScale = scale }).Measure().Mean;
        }

        static float Loss(DenoiserObjective objective)
        {
            using var generator = new Generator(1);
            return objective.Loss(new TrainingStep(0, generator)).item<float>();
        }
    }

    [Fact]
    public void A_target_network_needs_a_denoiser_that_can_be_copied()
    {
        using PatchDenoiser student = new(), teacher = new();
        using var captions = new ClipTextConditioning(_tiny.Text, _tiny.Tokenizer, _tiny.Data.Ids, train: false);
        var options = new ConsistencyTrainingOptions { BatchSize = 2, SolverSteps = 20 };
        Assert.Contains(
            "does not override Copy",
            Assert.Throws<NotSupportedException>(() => Objective(options)).Message,
            StringComparison.Ordinal);

        using ConsistencyObjective objective = Objective(options with { TargetDecay = 0 });
        using var generator = new Generator(1);
        objective.Loss(new TrainingStep(0, generator)).backward();
        Assert.All(student.Network.parameters(), p => Assert.True(p.grad!.abs().max().item<float>() > 0));
        Assert.All(teacher.Network.parameters(), p => Assert.Null(p.grad));

        ConsistencyObjective Objective(ConsistencyTrainingOptions choice) => new(
            student, teacher, captions, _tiny.Data, LatentScaling.FromConfig(_tiny.Autoencoder),
            SchedulerConfig.Parse("""{ "_class_name": "DDIMScheduler", "prediction_type": "v_prediction" }"""), choice);
    }

    /// <summary>One linear layer over tokens of two by two latents, which also sees the time and the mean of the text.</summary>
    private sealed class PatchDenoiser : ITrainableDenoiser, IDisposable
    {
        private readonly TorchSharp.Modules.Linear _layer = nn.Linear(4 * 4 + 1 + 8, 4 * 4);

        public PatchDenoiser(bool readsScale = false)
        {
            Reference.FormulaWeights.Fill(_layer);
            Description = new DenoiserDescription { LatentChannels = 4, PatchSize = 2, TextWidth = 8, ReadsGuidanceScale = readsScale };
        }

        public DenoiserDescription Description { get; }

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
            double scale = input.GuidanceScales?.Single() ?? 1;
            Tensor time = tensor(input.Timesteps.Select(t => (float)(scale * t / 1000)).ToArray())
                .view(-1, 1, 1)
                .expand(shape[0], tokens.shape[1], 1);
            Tensor text = input.Conditioning.HiddenStates.mean([1], keepdim: true).expand(shape[0], tokens.shape[1], 8);
            Tensor output = _layer.call(cat([tokens, time, text], 2));
            return nn.functional.pixel_shuffle(output.transpose(1, 2).reshape(shape), 2);
        }

        public void Dispose() => _layer.Dispose();
    }
}
