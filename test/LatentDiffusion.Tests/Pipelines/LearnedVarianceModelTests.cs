using Xunit;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>A model that also predicts its variance (Nichol &amp; Dhariwal 2021), in the pipeline.</summary>
public sealed class LearnedVarianceModelTests : IDisposable
{
    private readonly TinyModel _plain = new();
    private readonly TemporaryFolder _folder = new();

    public LearnedVarianceModelTests()
    {
        using ModelComponents plain = DiffusersFolder.Read(_plain.Folder);
        using var unet = new UNet2DConditionModel(new UNet2DConditionConfig
        {
            SampleSize = 8, OutChannels = 8, BlockOutChannels = [16, 32], NormNumGroups = 8,
            LayersPerBlock = 1, CrossAttentionDim = 16, AttentionHeadDim = 2,
            DownBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"], UpBlockTypes = ["UpBlock2D", "CrossAttnUpBlock2D"],
        });
        Reference.FormulaWeights.Fill(unet);
        SchedulerConfig scheduler = SchedulerConfig.Parse(
            """{ "_class_name": "DDPMScheduler", "variance_type": "learned_range", "clip_sample": false }""");
        DiffusersFolder.Write(
            new ModelComponents(ModelFamilies.StableDiffusion, plain.PipelineClass, scheduler)
            {
                ["unet"] = unet,
                ["vae"] = plain.Autoencoder,
                ["text_encoder"] = plain.TextEncoder,
                ["tokenizer"] = plain.Tokenizer,
            },
            _folder["model"]);
    }

    public void Dispose()
    {
        _plain.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    public async Task It_is_sampled_and_previewed(double scale)
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(_folder["model"]).Build();
        GenerationRequest request = new() { Prompt = "a blue bird", Seed = 1, Steps = 4, GuidanceScale = scale };
        var previews = new List<ImageBuffer>();
        GenerationResult? result = null;
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        await foreach (GenerationUpdate update in pipeline.GenerateStreamingAsync(request, previewEvery: 1, cancellation))
        {
            if (update.Result is null) previews.AddRange(update.Previews);
            else result = update.Result;
        }

        Assert.Equal(4, previews.Count);
        Assert.Equal(pipeline.Generate(request).Images[0].Image.Rgb.ToArray(), result!.Images[0].Image.Rgb.ToArray());
    }
}
