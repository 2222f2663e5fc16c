using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Every family in half precision: results agree with single precision within rounding.</summary>
public sealed class HalfPrecisionTests(FamilyFolders families) : IClassFixture<FamilyFolders>
{
    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a", Seed = 3, Steps = 3, GuidanceScale = 3, Width = TaskImages.Width, Height = TaskImages.Height,
    };

    public static TheoryData<string, ScalarType> All
    {
        get
        {
            var all = new TheoryData<string, ScalarType>();
            foreach (string family in Checkpoints.TinyModels.Families)
                foreach (ScalarType type in new[] { ScalarType.BFloat16, ScalarType.Float16 }) all.Add(family, type);
            return all;
        }
    }

    [Theory, MemberData(nameof(All))]
    public void Half_precision_draws_nearly_the_same(string family, ScalarType type)
    {
        using DiffusionPipeline single = Builder(family, null).Build(), half = Builder(family, type).Build();
        Assert.All(
            half.Model!.Components!.Networks.Where(n => n.Name != "vae").SelectMany(n => n.Network.parameters()),
            p => Assert.Equal(type, p.dtype));
        GenerationRequest request = s_request with { InitialImage = TaskImages.Image, Strength = 0.9, Mask = TaskImages.Mask };
        GenerationRequest[] requests = family == "sd1-inpaint"
            ? [request]
            : [s_request, request, s_request with { InitialImage = TaskImages.Image, Strength = 0.5 }];
        foreach (GenerationRequest each in requests)
        {
            byte[] one = Draw(single, each), other = Draw(half, each);
            Assert.NotEqual(one, other);
            double difference = one.Zip(other).Average(p => Math.Abs(p.First - p.Second));
            TestContext.Current.TestOutputHelper?.WriteLine($"{family}, {type}: {difference:F2}");
            Assert.InRange(difference, 0, type == ScalarType.Float16 ? 2 : 8);
        }
    }

    private DiffusionPipelineBuilder Builder(string family, ScalarType? precision) => new DiffusionPipelineBuilder()
        .UseModelFolder(families[family], CPU, precision)
        .UsePromptWeighting()
        .UseTiledDecoding(new TilingOptions { TileSize = 16 })
        .UseOffload();

    private static byte[] Draw(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
}
