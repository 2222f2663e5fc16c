using Xunit;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Image prompts with other features, and what a generation leaves behind.</summary>
[NoTensorLeaks, Collection(LiveTensors.Collection)]
public sealed class IpAdapterCombinationTests(IpAdapterCombinationTests.Pipelines pipelines)
    : IClassFixture<IpAdapterCombinationTests.Pipelines>
{
    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a", Seed = 3, Steps = 3, Width = TaskImages.Width, Height = TaskImages.Height,
    };

    private static readonly ImagePrompt[] s_prompt =
    [
        new() { Images = [TaskImages.Image, TaskImages.Mask], Masks = [TaskImages.Mask, TaskImages.Mask] },
    ];

    [Fact]
    public void With_a_ControlNet_both_act()
    {
        GenerationRequest controlled = s_request with { ControlImages = [TaskImages.Image] };
        byte[][] images =
        [
            Draw(pipelines.Controlled, controlled), Draw(pipelines.Controlled, controlled with { ImagePrompts = s_prompt }),
            Draw(pipelines.Plus, s_request with { ImagePrompts = s_prompt }),
        ];
        Assert.Equal(3, images.Select(Convert.ToHexString).Distinct().Count());
    }

    [Fact]
    public void Inpainting_preserves_unmasked_pixels()
    {
        GenerationRequest repainted = s_request with { InitialImage = TaskImages.Image, Mask = TaskImages.Mask, Strength = 1 };
        byte[] plain = Draw(pipelines.Inpainting, repainted);
        Assert.NotEqual(plain, Draw(pipelines.Inpainting, repainted with { ImagePrompts = s_prompt }));
        Assert.NotEqual(
            Draw(pipelines.Plus, repainted), Draw(pipelines.Plus, repainted with { ImagePrompts = s_prompt }));
    }

    [Fact]
    public void Perturbed_attention_and_a_second_pass_keep_the_images()
    {
        GenerationRequest request = s_request with { Upscale = new LatentUpscaling { Width = 48, Height = 32, Strength = 0.5 } };
        byte[] plain = Draw(pipelines.Perturbed, request);
        Assert.NotEqual(plain, Draw(pipelines.Perturbed, request with { ImagePrompts = s_prompt }));
    }

    [Fact]
    public void Cancelled_generations_leave_nothing()
    {
        using var source = new CancellationTokenSource();
        var progress = new Cancel(source);
        Assert.ThrowsAny<OperationCanceledException>(
            () => pipelines.Plus.Generate(s_request with { ImagePrompts = s_prompt }, progress, source.Token));
        Assert.Throws<OperationCanceledException>(
            () => pipelines.Plus.EncodeImagePrompt([TaskImages.Image], cancellationToken: new CancellationToken(canceled: true)));
        Assert.Equal(2, pipelines.Plus.EncodeImagePrompt([TaskImages.Image, TaskImages.Mask]).Count);
    }

    private static byte[] Draw(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();

    private sealed class Cancel(CancellationTokenSource source) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value) => source.Cancel();
    }

    /// <summary>The pipelines, which have generated once so that what they keep is there.</summary>
    public sealed class Pipelines : IDisposable
    {
        private readonly IpAdapterFolders _folders = new();
        private readonly TemporaryFolder _controlNet = new();

        public Pipelines()
        {
            TinyControlNets.Write(_controlNet["canny"], "sd1", 0);
            Controlled = Adapted("sd1").UseControlNet(_controlNet["canny"]).Build();
            Inpainting = Adapted("sd1-inpaint").Build();
            Plus = Adapted("sd1").Build();
            Perturbed = Adapted("sd1").UseGuidance(new PerturbedAttentionGuidance(new ClassifierFreeGuidance())).Build();
            GenerationRequest request = s_request with { ImagePrompts = s_prompt };
            Draw(Controlled, request with { ControlImages = [TaskImages.Image] });
            Draw(Inpainting, request with { InitialImage = TaskImages.Image, Mask = TaskImages.Mask });
            Draw(Plus, request with { InitialImage = TaskImages.Image, Mask = TaskImages.Mask });
            Draw(Perturbed, request);
        }

        public DiffusionPipeline Controlled { get; }

        public DiffusionPipeline Inpainting { get; }

        public DiffusionPipeline Plus { get; }

        public DiffusionPipeline Perturbed { get; }

        public void Dispose()
        {
            foreach (DiffusionPipeline pipeline in new[] { Controlled, Inpainting, Plus, Perturbed }) pipeline.Dispose();
            _controlNet.Dispose();
            _folders.Dispose();
        }

        private DiffusionPipelineBuilder Adapted(string family) => _folders.Model(family).UseIpAdapter(_folders[family, "plus"]);
    }
}
