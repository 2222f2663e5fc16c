using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.FamilyTests;

/// <summary>A family of the application is loaded, sampled, trained and patched like one of the library.</summary>
public sealed class TokenFamilyTests : IDisposable
{
    private readonly TokenFamily _family = new();
    private readonly string _folder = Directory.CreateTempSubdirectory("token-family-").FullName;

    public TokenFamilyTests()
    {
        manual_seed(1);
        SchedulerConfig scheduler = SchedulerConfig.Empty.With("use_dynamic_shifting", true).WithClass(FlowMatchEulerScheduler.ClassName);
        var autoencoder = new AutoencoderTinyConfig { EncoderBlockOutChannels = [8, 8, 8, 8], DecoderBlockOutChannels = [8, 8, 8, 8] };
        using var components = new ModelComponents(_family, "TokenPipeline", scheduler)
        {
            [ComponentNames.Transformer] = new TokenTransformer(new TokenConfig()),
            [ComponentNames.TextEncoder] = new WordEncoder(new TokenConfig()),
            [ComponentNames.Autoencoder] = new AutoencoderTiny(autoencoder),
        };
        DiffusersFolder.Write(components, _folder);
    }

    [Fact]
    public void A_folder_is_sampled_with_dynamic_shift_and_learned_guidance()
    {
        byte[] image = Draw(new GenerationRequest { Prompt = "a cat" });
        Assert.Equal(64 * 64 * 3, image.Length);
        Assert.Equal(image, Draw(new GenerationRequest { Prompt = "a cat", GuidanceScale = 3.5 }));
        Assert.NotEqual(image, Draw(new GenerationRequest { Prompt = "a dog" }));
        Assert.NotEqual(image, Draw(new GenerationRequest { Prompt = "a cat", GuidanceScale = 5 }));
        Assert.NotEqual(image, Draw(new GenerationRequest { Prompt = "a cat", Mu = 2 }));
        Assert.Equal(96 * 64 * 3, Draw(new GenerationRequest { Prompt = "a cat", Width = 96 }).Length);
    }

    [Fact]
    public void Adapters_are_trained_and_loaded()
    {
        using ModelComponents model = DiffusersFolder.Read(_folder, new CheckpointOptions { Families = [_family] });
        using LatentCache latents = LatentCache.Open(Path.Combine(_folder, "latents"), "images", model, new Images(), count: 2);
        using Conditioning texts = model.Get<WordEncoder>(ComponentNames.TextEncoder).Encode(["a cat", "a dog", ""]);
        var captions = new PrecomputedTextConditioning(texts.HiddenStates[..2], texts.HiddenStates[2]);
        var options = new DenoiserTrainingOptions
        {
            PredictionType = PredictionType.Flow, TrainTextEncoder = false, GuidanceScale = 3.5, BatchSize = 2,
        };
        using var objective = new DenoiserObjective(model, latents, options, captions);
        using var adapters = new LoraTraining(objective.Modules, new LoraTrainingOptions { Rank = 2 }, _family);
        var optimizer = new OptimizerOptions { LearningRate = 0.5, WarmupSteps = 0 };
        var training = new TrainingOptions { Steps = 1, EmaDecay = 0, Optimizer = optimizer };
        Assert.True(new Trainer(training).Run(adapters.Objective(objective), Path.Combine(_folder, "run")));
        string lora = Path.Combine(_folder, "lora.safetensors");
        adapters.Save(lora);
        var request = new GenerationRequest { Prompt = "a cat" };
        Assert.NotEqual(Draw(request), Draw(request, lora));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private byte[] Draw(GenerationRequest request, string? lora = null)
    {
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModelFamily(_family).UseModelFolder(_folder);
        if (lora is not null) builder.UseLora(lora);
        using DiffusionPipeline pipeline = builder.Build();
        return pipeline.Generate(request with { Seed = 7 }).Images[0].Image.Rgb.ToArray();
    }

    private sealed class Images : ICaptionedImageSource
    {
        public long? Count => 2;

        public CaptionedImage Read(long index) => new(new ImageBuffer(64, 64, new byte[64 * 64 * 3]), "", $"{index}");
    }
}
