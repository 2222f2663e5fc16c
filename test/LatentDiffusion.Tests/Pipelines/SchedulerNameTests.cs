using LatentDiffusion.Tests.Families;
using Xunit;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Requests that name their scheduler.</summary>
public sealed class SchedulerNameTests(TinyModel model, TransformerFolders families)
    : IClassFixture<TinyModel>, IClassFixture<TransformerFolders>
{
    private static readonly GenerationRequest s_request = new() { Prompt = "a blue bird", Seed = 7, Steps = 4, Width = 16, Height = 16 };

    [Theory]
    [InlineData("euler")]
    [InlineData("dpm++-sde-karras")]
    [InlineData("PNDMScheduler")]
    public void A_named_scheduler_replaces_the_pipelines(string name)
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        using DiffusionPipeline named = KnownSchedulers.TryGet(name, out KnownScheduler? known)
            ? model.Builder().UseScheduler(known.Create).Build()
            : throw new InvalidOperationException();
        GeneratedImage image = pipeline.Generate(s_request with { SchedulerName = name }).Images[0];
        Assert.Equal(named.Generate(s_request).Images[0].Image.Rgb.ToArray(), image.Image.Rgb.ToArray());
        Assert.NotEqual(pipeline.Generate(s_request).Images[0].Image.Rgb.ToArray(), image.Image.Rgb.ToArray());
        Assert.Equal(named.Generate(s_request).Images[0].Metadata["scheduler_config"], image.Metadata["scheduler_config"]);
        Assert.Equal(name, image.Metadata["scheduler_name"]);
        Assert.Equal(s_request with { SchedulerName = name }, GenerationMetadata.ReadRequest(image.ToPng()) with { GuidanceScale = null });
    }

    [Fact]
    public void Options_for_the_pipelines_scheduler_are_not_for_it()
    {
        using DiffusionPipeline plain = model.Builder().Build();
        using DiffusionPipeline eta = model.Builder().Configure(o => o.Eta = 0.5).Build();
        using DiffusionPipeline churn = model.Builder().UseScheduler("euler").Configure(o => o.Churn = new ChurnOptions(2)).Build();
        GenerationRequest euler = s_request with { SchedulerName = "euler" }, ddim = s_request with { SchedulerName = "ddim" };
        Assert.Equal(Pixels(plain, euler), Pixels(eta, euler));
        Assert.Equal(Pixels(plain, ddim), Pixels(churn, ddim));
        Assert.NotEqual(Pixels(plain, s_request), Pixels(eta, s_request));
        Assert.Equal(Pixels(eta, s_request), Pixels(plain, ddim with { Eta = 0.5 }));

        static byte[] Pixels(DiffusionPipeline pipeline, GenerationRequest request) =>
            pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
    }

    [Fact]
    public void A_flow_matching_model_gets_the_flow_matching_scheduler()
    {
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(families["sd3"]).Build();
        GenerationRequest request = s_request with { Prompt = "ab a" };
        byte[] plain = pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
        GeneratedImage image = pipeline.Generate(request with { SchedulerName = "euler" }).Images[0];
        Assert.Equal(("Euler", null), (image.Parameters.Sampler, image.Parameters.ScheduleType));
        Assert.Equal(plain, image.Image.Rgb.ToArray());
        Assert.NotEqual(plain, pipeline.Generate(request with { SchedulerName = "heun" }).Images[0].Image.Rgb.ToArray());
        Assert.Contains(
            "SchedulerName is 'ddim'", Assert.Throws<ArgumentException>(
                () => pipeline.Generate(request with { SchedulerName = "ddim" })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no such", "SchedulerName is 'no such': expected one of ddpm")]
    [InlineData("flow-euler", "SchedulerName is 'flow-euler'")]
    public void Impossible_schedulers_are_refused(string name, string message)
    {
        using DiffusionPipeline pipeline = model.Builder().Build();
        var e = Assert.Throws<ArgumentException>(() => pipeline.Generate(s_request with { SchedulerName = name }));
        Assert.Contains(message, e.Message, StringComparison.Ordinal);
        Assert.Equal("SchedulerName", e.ParamName);
        Assert.Contains("requests[1].SchedulerName", Assert.Throws<ArgumentException>(
            () => pipeline.Generate([s_request, s_request with { SchedulerName = "euler" }])).Message, StringComparison.Ordinal);
    }
}
