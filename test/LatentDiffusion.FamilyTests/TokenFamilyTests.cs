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
