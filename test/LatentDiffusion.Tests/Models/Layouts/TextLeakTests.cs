using LatentDiffusion.Tests.Pipelines;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>No tensor outlives a generation of the transformer families from a prompt, also with weights as stored.</summary>
[Collection(LiveTensors.Collection)]
public sealed class TextLeakTests(TextLeakTests.WarmPipelines warm) : IClassFixture<TextLeakTests.WarmPipelines>
{
    public static TheoryData<string> Models => [.. PublishedModel.Names, WarmPipelines.Stored];

    [NoTensorLeaks, Theory, MemberData(nameof(Models))]
    public void A_generation_leaves_no_tensor(string model) => Assert.Single(warm.Generate(model).Images);

    /// <summary>Pipelines that have generated before.</summary>
    public sealed class WarmPipelines : IDisposable
    {
        public const string Stored = "stored";

        private readonly LayoutFiles _files = new();
        private readonly Dictionary<string, DiffusionPipeline> _pipelines = [];

        public WarmPipelines()
        {
            foreach (string model in PublishedModel.Names) _pipelines.Add(model, _files.Builder(model, "folder").Build());
            _pipelines.Add(Stored, new DiffusionPipelineBuilder().UseDevice(CPU).UseWeightStorage(WeightStorage.AsStored)
                .UseModelFiles(_files.WriteGguf("z-image-turbo", "gguf", GgufType.Q8_0)).Build());
            foreach (string model in _pipelines.Keys) Generate(model);
        }

        public GenerationResult Generate(string model) => _pipelines[model].Generate(
            new GenerationRequest { Prompt = "a red star", Seed = 1, Steps = 1, Width = 32, Height = 32 });

        public void Dispose()
        {
            foreach (DiffusionPipeline pipeline in _pipelines.Values) pipeline.Dispose();
            _files.Dispose();
        }
    }
}
