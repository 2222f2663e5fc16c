using LatentDiffusion.Evaluation;
using LatentDiffusion.Tests.Reference;
using LatentDiffusion.Tests.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>Fine-tuning of Stable Diffusion 3 with the flow-matching loss, of all weights and of adapters.</summary>
public sealed class SD3TrainingTests : IDisposable
{
    private const int Images = 4, Tokens = 5;

    private static readonly DenoiserTrainingOptions s_options = new()
    {
        BatchSize = 4, PredictionType = PredictionType.Flow, TrainTextEncoder = false, FlowTimeShift = 3,
        Timesteps = new LogitNormalTimesteps(),
    };

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Theory, InlineData(false), InlineData(true)]
    public void The_loss_falls(bool adapters)
    {
        using ModelComponents model = TinySD3.Make("sd3.5-medium");
        using LatentCache latents = LatentCache.Open(_folder["latents"], "images", model, new TinyDenoiser.Stripes(Images), Images);
        using var texts = new FixedTexts();
        using var objective = new DenoiserObjective(model, latents, s_options, texts);
        using LoraTraining? lora = adapters
            ? new LoraTraining(objective.Modules, new LoraTrainingOptions { Rank = 8 }, model.Family)
            : null;
        var validation = new ValidationLoss(
            model.Family.CreateTrainable(model).Denoiser, texts, latents, LatentScaling.None, DiffusionProcess.Flow(),
            new ValidationOptions { TimestepsPerImage = 8 });
        double before = validation.Measure().Mean;
        var training = new TrainingOptions
        {
            Steps = 30, CheckpointEvery = 30, EmaDecay = 0, Optimizer = new() { LearningRate = adapters ? 0.02 : 0.005, WarmupSteps = 0 },
        };
        Assert.True(new Trainer(training).Run(lora?.Objective(objective) ?? objective, _folder["run"]));
        double after = validation.Measure().Mean;
        TestContext.Current.TestOutputHelper?.WriteLine($"loss {before:F4} -> {after:F4}");
        Assert.InRange(after, 0, 0.9 * before);
        if (lora is null) return;

        lora.Save(_folder["lora.safetensors"]);
        using SD3Transformer2DModel network = TinySD3.Transformer("sd3.5-medium").BuildUninitialized(META);
        using LoraFile file = LoraFile.Open(
            _folder["lora.safetensors"], LoraTarget.Create(model.Family.Lora(ComponentNames.Transformer), network.state_dict()));
        // Four projections of the image in three blocks, three of the text in all of them and its output in two, and two of attn2.
        Assert.Equal((3 * 4) + (3 * 3) + 2 + (2 * 4), file.Patches.Count);
    }

    [Fact]
    public void Gradients_are_the_same_when_blocks_are_computed_again()
    {
        using ModelComponents model = TinySD3.Make("sd3.5-medium");
        var network = model.Get<SD3Transformer2DModel>(ComponentNames.Transformer);
        network.train();
        Dictionary<string, Tensor> kept = Gradients(network);
        network.GradientCheckpointing = true;
        foreach ((string name, Tensor gradient) in Gradients(network))
            Assert.InRange((gradient - kept[name]).abs().max().item<float>(), 0, 1e-5f);
    }

    [Fact]
    public void A_copy_has_weights_for_itself()
    {
        using ModelComponents model = TinySD3.Make("sd3.5-large");
        using TransformerDenoiser denoiser = SD3Denoiser.Create(model.Get<SD3Transformer2DModel>(ComponentNames.Transformer));
        using TransformerDenoiser copy = denoiser.Copy();
        DenoiserInput input = Input();
        using Tensor one = denoiser.Predict(input), other = copy.Predict(input);
        Assert.True(one.Equals(other));
        using (no_grad()) copy.Network.parameters().First().zero_();
        using Tensor changed = copy.Predict(input), same = denoiser.Predict(input);
        Assert.False(one.Equals(changed));
        Assert.True(one.Equals(same));
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private static Dictionary<string, Tensor> Gradients(SD3Transformer2DModel network)
    {
        network.zero_grad();
        TransformerDenoiser denoiser = SD3Denoiser.Create(network);
        DenoiserInput input = Input();
        denoiser.Forward(input with { Latents = input.Latents.requires_grad_() }).square().mean().backward();
        return network.named_parameters().Where(p => p.parameter.grad is not null)
            .ToDictionary(p => p.name, p => p.parameter.grad!.clone());
    }

    private static DenoiserInput Input() => new()
    {
        Latents = FormulaWeights.Input("latents", [2, 16, 8, 8]), Timesteps = [900, 100],
        Conditioning = new Conditioning(
            FormulaWeights.Input("text", [2, Tokens, TinySD3.TextWidth]), FormulaWeights.Input("pooled", [2, TinySD3.PooledWidth])),
    };

    /// <summary>Embeddings that follow from the row.</summary>
    private sealed class FixedTexts : ITextConditioning, IDisposable
    {
        private readonly Tensor _texts = FormulaWeights.Input("texts", [Images, Tokens, TinySD3.TextWidth]).DetachFromDisposeScope();
        private readonly Tensor _pooled = FormulaWeights.Input("pools", [Images, TinySD3.PooledWidth]).DetachFromDisposeScope();

        public IReadOnlyDictionary<string, nn.Module> Modules { get; } = new Dictionary<string, nn.Module>();

        public Conditioning Encode(Tensor index, Tensor dropped) => new(_texts.index_select(0, index), _pooled.index_select(0, index));

        public void Dispose()
        {
            _texts.Dispose();
            _pooled.Dispose();
        }
    }
}
