using LatentDiffusion.Evaluation;
using LatentDiffusion.Tests.Reference;
using LatentDiffusion.Tests.Training;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Families;

/// <summary>Fine-tuning of the transformer families with the flow-matching loss, of all weights and of adapters.</summary>
public sealed class TransformerTrainingTests : IDisposable
{
    private const int Images = 4, Tokens = 5;

    private static readonly DenoiserTrainingOptions s_options = new()
    {
        BatchSize = 4, PredictionType = PredictionType.Flow, TrainTextEncoder = false, FlowTimeShift = 3,
        Timesteps = new LogitNormalTimesteps(),
    };

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public static IEnumerable<TheoryDataRow<string, bool>> Runs() =>
        from name in TinyTransformers.Names from adapters in new[] { false, true } select new TheoryDataRow<string, bool>(name, adapters);

    public static TheoryData<string> Names => [.. TinyTransformers.Names];

    [Theory, MemberData(nameof(Runs))]
    public void The_loss_falls(string name, bool adapters)
    {
        using ModelComponents model = TinyTransformers.Create(name);
        ITrainableDenoiser denoiser = model.Family.CreateTrainable(model).Denoiser;
        double? scale = denoiser.Description.ReadsGuidanceScale ? 3.5 : null;
        using LatentCache latents = LatentCache.Open(_folder["latents"], "images", model, new TinyDenoiser.Stripes(Images), Images);
        using var texts = new FixedTexts();
        using var objective = new DenoiserObjective(model, latents, s_options with { GuidanceScale = scale }, texts);
        using LoraTraining? lora = adapters
            ? new LoraTraining(objective.Modules, new LoraTrainingOptions { Rank = 8 }, model.Family)
            : null;
        var validation = new ValidationLoss(
            denoiser, texts, latents, LatentScaling.None, DiffusionProcess.Flow(),
            new ValidationOptions { TimestepsPerImage = 8, GuidanceScale = scale });
        double before = validation.Measure().Mean;
        var training = new TrainingOptions
        {
            Steps = 30, CheckpointEvery = 30, EmaDecay = 0, Optimizer = new() { LearningRate = adapters ? 0.03 : 0.005, WarmupSteps = 0 },
        };
        Assert.True(new Trainer(training).Run(lora?.Objective(objective) ?? objective, _folder["run"]));
        double after = validation.Measure().Mean;
        TestContext.Current.TestOutputHelper?.WriteLine($"loss {before:F4} -> {after:F4}");
        Assert.InRange(after, 0, 0.95 * before);
        if (lora is null) return;

        lora.Save(_folder["lora.safetensors"]);
        using nn.Module network = TinyTransformers.Transformer(name, META);
        using LoraFile file = LoraFile.Open(
            _folder["lora.safetensors"], LoraTarget.Create(model.Family.Lora(ComponentNames.Transformer), network.state_dict()));
        Assert.NotEmpty(file.Patches);
        Assert.Empty(file.Ignored);
    }

    [Theory, MemberData(nameof(Names))]
    public void Gradients_are_the_same_when_blocks_are_computed_again(string name)
    {
        using ModelComponents model = TinyTransformers.Create(name);
        ITrainableDenoiser denoiser = model.Family.CreateTrainable(model).Denoiser;
        denoiser.Network.train();
        Dictionary<string, Tensor> kept = Gradients(denoiser);
        switch (denoiser.Network)
        {
            case FluxTransformer2DModel flux: flux.GradientCheckpointing = true; break;
            case Flux2Transformer2DModel flux2: flux2.GradientCheckpointing = true; break;
            case ChromaTransformer2DModel chroma: chroma.GradientCheckpointing = true; break;
            case ZImageTransformer2DModel image: image.GradientCheckpointing = true; break;
            default: Assert.Fail($"{name} has no checkpointing."); break;
        }

        Dictionary<string, Tensor> again = Gradients(denoiser);
        Assert.Equal(kept.Keys.Order(), again.Keys.Order());
        Assert.True(kept.Count > 30);
        foreach ((string parameter, Tensor gradient) in again)
            Assert.InRange((gradient - kept[parameter]).abs().max().item<float>(), 0, 1e-5f);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_copy_has_weights_for_itself(string name)
    {
        using ModelComponents model = TinyTransformers.Create(name);
        ITrainableDenoiser denoiser = model.Family.CreateTrainable(model).Denoiser, copy = denoiser.Copy();
        DenoiserInput input = TinyTransformers.Input(denoiser);
        using Tensor one = denoiser.Predict(input), other = copy.Predict(input);
        Assert.True(one.Equals(other));
        using (no_grad()) foreach (Tensor parameter in copy.Network.parameters()) parameter.zero_();
        using Tensor changed = copy.Predict(input), same = denoiser.Predict(input);
        Assert.False(one.Equals(changed));
        Assert.True(one.Equals(same));
        copy.Network.Dispose();
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private static Dictionary<string, Tensor> Gradients(ITrainableDenoiser denoiser)
    {
        denoiser.Network.zero_grad();
        DenoiserInput input = TinyTransformers.Input(denoiser);
        denoiser.Forward(input).square().mean().backward();
        return denoiser.Network.named_parameters().Where(p => p.parameter.grad is not null)
            .ToDictionary(p => p.name, p => p.parameter.grad!.clone());
    }

    /// <summary>Embeddings that follow from the row.</summary>
    private sealed class FixedTexts : ITextConditioning, IDisposable
    {
        private readonly Tensor _texts =
            FormulaWeights.Input("texts", [Images, Tokens, TinyTransformers.TextWidth]).DetachFromDisposeScope();

        private readonly Tensor _pooled = FormulaWeights.Input("pools", [Images, TinyTransformers.PooledWidth]).DetachFromDisposeScope();

        public IReadOnlyDictionary<string, nn.Module> Modules { get; } = new Dictionary<string, nn.Module>();

        public Conditioning Encode(Tensor index, Tensor dropped) => new(_texts.index_select(0, index), _pooled.index_select(0, index));

        public void Dispose()
        {
            _texts.Dispose();
            _pooled.Dispose();
        }
    }
}
