using LatentDiffusion.Tests.Families;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>A model whose text encoder is gone once the prompts are encoded.</summary>
[Collection(LiveTensors.Collection)]
public sealed class ReleasedTextEncoderTests(TransformerFolders folders, FamilyFolders unets)
    : IClassFixture<TransformerFolders>, IClassFixture<FamilyFolders>
{
    private static readonly GenerationRequest s_request =
        new() { Prompt = "ab a", Seed = 7, Steps = 2, Width = 32, Height = 32, GuidanceScale = 3 };

    public static IEnumerable<TheoryDataRow<string, WeightStorage>> Models() =>
        from family in TransformerFolders.Names.Append("xl")
        from storage in Enum.GetValues<WeightStorage>()
        select new TheoryDataRow<string, WeightStorage>(family, storage);

    [Theory, MemberData(nameof(Models))]
    public void Prompts_that_were_encoded_give_the_same_images(string family, WeightStorage storage)
    {
        using DiffusionPipeline pipeline = Builder(family, storage).Build();
        byte[] expected = Draw(pipeline, s_request);
        using Conditioning text = pipeline.Encode([s_request.Prompt]), negative = pipeline.EncodeUnconditional();
        long weights = pipeline.Model!.Components!.Networks
            .Where(n => n.Name.StartsWith(ComponentNames.TextEncoder, StringComparison.Ordinal)).Sum(n => Weights(n.Network));
        long loaded = LiveTensors.Settled();
        Assert.True(weights > 5);

        pipeline.Model.ReleaseTextEncoder();
        Assert.InRange(LiveTensors.Settled(), 0, loaded - weights);
        pipeline.Model.ReleaseTextEncoder();

        GenerationRequest encoded = s_request with { PromptEmbeds = text, NegativePromptEmbeds = negative };
        Assert.Equal(expected, Draw(pipeline, encoded));
        Assert.Equal(expected, Draw(pipeline, encoded));
        Assert.Throws<ObjectDisposedException>(() => pipeline.Generate(s_request));
        Assert.Throws<ObjectDisposedException>(() => pipeline.Encode(["a"]));
        using var folder = new TemporaryFolder();
        // Of Qwen3 the first layers are read, and its files are copied.
        if (family is "flux2" or "z-image") pipeline.Model.Save(folder["saved"]);
        else Assert.Throws<ObjectDisposedException>(() => pipeline.Model.Save(folder["saved"]));
        Assert.Equal(expected, Draw(pipeline, encoded));
    }

    [Fact]
    public void Nothing_more_is_left_of_the_model()
    {
        Left(release: true);
        Assert.Equal(Left(release: false), Left(release: true));

        long Left(bool release)
        {
            long before = LiveTensors.Settled();
            using (DiffusionPipeline pipeline = Builder("sd3", WeightStorage.Expanded).Build())
                if (release) pipeline.Model!.ReleaseTextEncoder();
            return LiveTensors.Settled() - before;
        }
    }

    [Fact]
    public async Task Generations_that_run_meanwhile_are_whole_or_refused()
    {
        using DiffusionPipeline pipeline = Builder("flux", WeightStorage.Expanded).Build();
        byte[] expected = Draw(pipeline, s_request);
        Task<byte[]?>[] running = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(Try))];
        pipeline.Model!.ReleaseTextEncoder();
        Assert.All(await Task.WhenAll(running), image => Assert.True(image is null || image.SequenceEqual(expected)));

        byte[]? Try()
        {
            try
            {
                return Draw(pipeline, s_request);
            }
            catch (ObjectDisposedException)
            {
                return null;
            }
        }
    }

    [Fact]
    public void A_custom_encoder_that_owns_nothing_is_refused()
    {
        using DiffusionModel real = DiffusionModel.Open(unets["sd1"], CPU);
        using var model = new DiffusionModel(
            real.Denoiser, new EmptyEncoder(), real.Autoencoder, real.SchedulerConfig, real.SampleSize, CPU);
        Assert.Equal(
            "EmptyEncoder is not IDisposable and cannot be released.",
            Assert.Throws<InvalidOperationException>(model.ReleaseTextEncoder).Message);
    }

    private DiffusionPipelineBuilder Builder(string family, WeightStorage storage) => new DiffusionPipelineBuilder()
        .UseModelFolder(family == "xl" ? unets[family] : folders[family], CPU).UseWeightStorage(storage);

    private static byte[] Draw(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();

    /// <summary>Tensors of a network that have memory of their own.</summary>
    private static long Weights(nn.Module network)
    {
        using NetworkUse use = NetworkUse.ToRead(network);
        return network.state_dict().Values.Count(t => t.device_type != DeviceType.META);
    }

    private sealed class EmptyEncoder : ITextEncoder
    {
        public int MaxLength => 2;

        public Conditioning Encode(IReadOnlyList<string> prompts, CancellationToken cancellationToken = default) =>
            new(zeros(prompts.Count, 2, 16));
    }
}
