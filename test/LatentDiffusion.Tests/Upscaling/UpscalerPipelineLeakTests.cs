using LatentDiffusion.Tests.Pipelines;
using Xunit;

namespace LatentDiffusion.Tests.Upscaling;

/// <summary>No tensor outlives a generation with upscalers.</summary>
[Collection(LiveTensors.Collection), NoTensorLeaks]
public sealed class UpscalerPipelineLeakTests(UpscalerPipelineLeakTests.WarmPipeline warm)
    : IClassFixture<UpscalerPipelineLeakTests.WarmPipeline>
{
    [Fact]
    public void A_generation() => Assert.Equal(80, warm.Generate().Images[0].Image.Width);

    [Theory, InlineData(1), InlineData(2)]
    public void A_generation_that_fails_in_an_upscaler(int call)
    {
        int calls = 0;
        warm.Upscaler.BeforeWork = _ => { if (++calls == call) throw new NotSupportedException(); };
        Assert.Throws<NotSupportedException>(() => warm.Generate());
        warm.Upscaler.BeforeWork = null;
    }

    /// <summary>A pipeline that has generated before.</summary>
    public sealed class WarmPipeline : IDisposable
    {
        private readonly TinyModel _model = new();
        private readonly UpscalerFiles _files = new();
        private readonly DiffusionPipeline _pipeline;

        public WarmPipeline()
        {
            _pipeline = _model.Builder().UseUpscaler(_files.Rrdb()).UseUpscaler(Upscaler).Build();
            Generate();
        }

        internal RecordingUpscaler Upscaler { get; } = new();

        public GenerationResult Generate()
        {
            var request = new GenerationRequest
            {
                Prompt = "a star", Seed = 1, Steps = 2, Width = 16, Height = 16,
                Upscale = new LatentUpscaling { Width = 20, Height = 20, Strength = 0.5, Upscaler = "recording" },
                FinalUpscale = new ImageUpscaling { Width = 40, Upscaler = "recording" },
            };
            _pipeline.Generate(request);
            return _pipeline.Generate(request with
            {
                Upscale = request.Upscale with { Upscaler = "rrdb-x4" }, FinalUpscale = new ImageUpscaling { Scale = 4 },
            });
        }

        public void Dispose()
        {
            _pipeline.Dispose();
            _model.Dispose();
            _files.Dispose();
        }
    }
}
