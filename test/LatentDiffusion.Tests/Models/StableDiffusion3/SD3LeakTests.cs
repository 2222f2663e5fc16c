using LatentDiffusion.Tests.Pipelines;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>No tensor outlives a generation of Stable Diffusion 3, with its text encoders and skipped layers.</summary>
[Collection(LiveTensors.Collection)]
public sealed class SD3LeakTests(SD3LeakTests.WarmPipeline warm) : IClassFixture<SD3LeakTests.WarmPipeline>
{
    [NoTensorLeaks, Fact]
    public void A_generation_leaves_no_tensor() => Assert.Single(warm.Generate(CancellationToken.None).Images);

    [NoTensorLeaks, Fact]
    public void A_cancelled_generation_leaves_no_tensor()
    {
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        Assert.Throws<OperationCanceledException>(() => warm.Generate(cancellation.Token));
    }

    /// <summary>A pipeline that has generated before.</summary>
    public sealed class WarmPipeline : IDisposable
    {
        private readonly TemporaryFolder _folder = new();
        private readonly DiffusionPipeline _pipeline;

        public WarmPipeline()
        {
            using (ModelComponents made = TinySD3.MakeWithTexts("sd3.5-medium", _folder["t5"]))
                DiffusersFolder.Write(made, _folder["model"]);
            var options = new SkipLayerOptions { Layers = [1], Start = 0, Stop = 1 };
            _pipeline = new DiffusionPipelineBuilder()
                .UseModelFolder(_folder["model"]).UseDevice(CPU).UseGuidance(new SkipLayerGuidance(options: options)).Build();
            Generate(CancellationToken.None);
        }

        public GenerationResult Generate(CancellationToken cancellationToken) => _pipeline.Generate(
            new GenerationRequest { Prompt = "ab", Seed = 1, Steps = 3, Width = 32, Height = 32 }, cancellationToken: cancellationToken);

        public void Dispose()
        {
            _pipeline.Dispose();
            _folder.Dispose();
        }
    }
}
