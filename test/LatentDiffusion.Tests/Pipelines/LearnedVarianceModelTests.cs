using Xunit;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>A model that tells its variance beside its prediction (Nichol &amp; Dhariwal 2021), in the pipeline.</summary>
public sealed class LearnedVarianceModelTests : IDisposable
{
    private readonly TinyModel _plain = new();
    private readonly TemporaryFolder _folder = new();

    public LearnedVarianceModelTests()
    {
        using StableDiffusionComponents plain = DiffusersFolder.Read(_plain.Folder);
        using var unet = new UNet2DConditionModel(new UNet2DConditionConfig
        {
            SampleSize = 8, OutChannels = 8, BlockOutChannels = [16, 32], NormNumGroups = 8, LayersPerBlock = 1, CrossAttentionDim = 16, AttentionHeadDim = 2,
            DownBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"], UpBlockTypes = ["UpBlock2D", "CrossAttnUpBlock2D"],
        });
        Reference.FormulaWeights.Fill(unet);
        DiffusersFolder.Write(
            new StableDiffusionComponents
            {
                PipelineClass = plain.PipelineClass, UNet = unet, Autoencoder = plain.Autoencoder, TextEncoder = plain.TextEncoder, Tokenizer = plain.Tokenizer,
                Scheduler = SchedulerConfig.Parse("""{ "_class_name": "DDPMScheduler", "variance_type": "learned_range", "clip_sample": false }"""),
            },
            _folder["model"]);
    }

    public void Dispose()
    {
        _plain.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task It_is_sampled_and_previewed_without_guidance()
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(_folder["model"]).Build();
        GenerationRequest request = new() { Prompt = "a blue bird", Seed = 1, Steps = 4, GuidanceScale = 1 };
        var previews = new List<ImageBuffer>();
        GenerationResult? result = null;
        await foreach (GenerationUpdate update in pipeline.GenerateStreamAsync(request, previewEvery: 1, TestContext.Current.CancellationToken))
        {
            if (update.Result is null) previews.AddRange(update.Previews);
            else result = update.Result;
        }

        Assert.Equal(4, previews.Count);
        Assert.Equal(pipeline.Generate(request).Images[0].Image.Rgb.ToArray(), result!.Images[0].Image.Rgb.ToArray());
    }

    [Fact]
    public void Guidance_which_would_overdraw_the_variance_is_refused()
    {
        GenerationRequest request = new() { Prompt = "a blue bird", Steps = 4, GuidanceScale = 3 };
        foreach (bool caching in (bool[])[false, true])
        {
            DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModelFolder(_folder["model"]);
            if (caching) builder.UseStepCaching(new StepCachingOptions { Interval = 2 });
            using DiffusionPipeline pipeline = builder.Build();
            ArgumentException e = Assert.Throws<ArgumentException>(() => pipeline.Generate(request));
            Assert.Contains("GuidanceScale is 3; expected 1", e.Message, StringComparison.Ordinal);
        }
    }
}
