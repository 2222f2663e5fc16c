using LatentDiffusion.Tests.Families;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>No tensor outlives an edit of reference images, also within a mask and when it is refused or cancelled.</summary>
[Collection(LiveTensors.Collection)]
public sealed class ReferenceImageLeakTests(ReferenceImageLeakTests.WarmPipeline warm) : IClassFixture<ReferenceImageLeakTests.WarmPipeline>
{
    [NoTensorLeaks, Fact]
    public void An_edit_leaves_no_tensor() => Assert.Single(warm.Generate(WarmPipeline.Request).Images);

    [NoTensorLeaks, Fact]
    public void An_edit_within_a_mask_leaves_no_tensor() => Assert.Single(warm.Generate(WarmPipeline.Repainting).Images);

    [NoTensorLeaks, Fact]
    public void A_cancelled_edit_leaves_no_tensor()
    {
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        Assert.Throws<OperationCanceledException>(() => warm.Generate(WarmPipeline.Request, cancellation.Token));
    }

    /// <summary>A pipeline that has edited before.</summary>
    public sealed class WarmPipeline : IDisposable
    {
        private readonly TransformerFolders _folders = new();
        private readonly DiffusionPipeline _pipeline;

        public WarmPipeline()
        {
            _pipeline = new DiffusionPipelineBuilder().UseModelFolder(_folders["flux2"]).UseDevice(CPU).Build();
            Generate(Request);
            Generate(Repainting);
        }

        public static GenerationRequest Request { get; } = new()
        {
            Prompt = "a red star", Seed = 1, Steps = 2, Width = 32, Height = 32, ReferenceImages = [Image(64, 80), Image(64, 64)],
        };

        public static GenerationRequest Repainting { get; } = Request with { InitialImage = Image(32, 32), Mask = Image(32, 32) };

        public GenerationResult Generate(GenerationRequest request, CancellationToken cancellationToken = default) =>
            _pipeline.Generate(request, cancellationToken: cancellationToken);

        public void Dispose()
        {
            _pipeline.Dispose();
            _folders.Dispose();
        }

        private static ImageBuffer Image(int width, int height) =>
            TaskImages.Create(width, height, (x, y) => ((byte)(x * 8), (byte)(y * 3), (byte)(x * 8)));
    }
}
