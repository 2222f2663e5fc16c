using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Pipelines;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Families;

/// <summary>Whole sampling loops of FLUX and Z-Image through the public builder, for every such case of the reference file.</summary>
public sealed class TransformerPipelineReferenceTests
{
    private const string File = "pipelines.json";

    private const double Tolerance = 2e-4;

    // Half a step of a byte, and the tolerance of the image.
    private const double ByteTolerance = 0.5 / 255 + Tolerance;

    public static TheoryData<string> Cases =>
    [
        .. ReferenceFiles.Read(File)["cases"]!.AsArray()
            .Where(c => (string)c!["pipeline"]! != "StableDiffusion3Pipeline").Select(c => (string)c!["name"]!),
    ];

    [Theory, MemberData(nameof(Cases))]
    public void Every_step_equals_the_reference(string name)
    {
        JsonNode reference = ReferenceFiles.Read(File)["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
        ReferencePipeline type = ReferencePipeline.All[(string)reference["pipeline"]!];
        using DisposeScope scope = NewDisposeScope();
        (TransformerDenoiser denoiser, nn.Module network) = type.Create(reference["transformer"]!["config"]!.ToJsonString());
        ReferenceFiles.AssertKeys(network, reference["transformer"]!["keys"]!.AsObject());
        FormulaWeights.Fill(network);
        network.eval();
        int width = (int)reference["width"]!, height = (int)reference["height"]!;
        IAutoencoder autoencoder = Autoencoder(reference, denoiser.Description);
        SchedulerConfig config = type.Scheduler(
            SchedulerConfig.Parse(reference["scheduler"]!.ToJsonString()).WithClass(FlowMatchEulerScheduler.ClassName));
        using var model = new DiffusionModel(denoiser, null, null, config, width, CPU);
        (IGuidance? guidance, double scale) =
            type.Guidance((double)reference["call"]!["guidance_scale"]!, denoiser.Description.ReadsGuidanceScale);
        var seen = new SeenLatents(NoiseScheduler.FromConfig(config), autoencoder);
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder()
            .UseModel(_ => model).UseScheduler(seen).UseAutoencoder(seen)
            .UseTextEncoder(new TextOfRequests(
                TextShape.FromConditioning(ReferencePipeline.Embeddings(reference["inputs"]!, "", 0)!)));
        if (guidance is not null) builder = builder.UseGuidance(guidance);
        using DiffusionPipeline pipeline = builder.Build();
        ulong[] seeds = reference["seeds"]!.Deserialize<ulong[]>()!;
        for (int i = 0; i < seeds.Length; i++)
        {
            seen.Seen.Clear();
            ImageBuffer image = pipeline.Generate(new GenerationRequest
            {
                Prompt = "", PromptEmbeds = ReferencePipeline.Embeddings(reference["inputs"]!, "", i),
                NegativePromptEmbeds = ReferencePipeline.Embeddings(reference["inputs"]!, "negative_", i),
                Seed = seeds[i], Width = width, Height = height, Steps = (int)reference["steps"]!, GuidanceScale = scale,
                ReferenceImages = reference["inputs"]!["references"] is { } sizes ? References(sizes.AsArray()) : null,
            }).Images[0].Image;
            Check(Packed(seen.Seen[0]), reference["start"]!, i);
            JsonArray trajectory = reference["trajectory"]!.AsArray();
            Assert.Equal(trajectory.Count + 1, seen.Seen.Count);
            for (int step = 0; step < trajectory.Count; step++) Check(Packed(seen.Seen[step + 1]), trajectory[step]!, i);
            if (reference["image"] is { } pixels) CheckImage(image, ReferenceFiles.Tensor(pixels).narrow(0, i, 1));
        }

        double[] timesteps = [.. seen.Inputs.Take((int)reference["steps"]!).Select(input => input.Timestep)];
        Assert.Equal(reference["timesteps"]!.Deserialize<double[]>()!, timesteps, (one, other) => Math.Abs(one - other) < 1e-3);

        Tensor Packed(Tensor latents) => type.Tokens is null ? latents : type.Tokens.Pack(latents);
    }

    private static IAutoencoder Autoencoder(JsonNode reference, DenoiserDescription denoiser)
    {
        if (reference["autoencoder"] is not { } given) return new BlackImages(denoiser.LatentChannels, 8);
        string config = given["config"]!.ToJsonString();
        nn.Module<Tensor, Tensor> network = (string)given["model"]! == nameof(AutoencoderKLFlux2)
            ? AutoencoderKLFlux2Config.FromJson(config).Build()
            : AutoencoderKLConfig.FromJson(config).Build();
        ReferenceFiles.AssertKeys(network, given["keys"]!.AsObject());
        FormulaWeights.Fill(network);
        network.eval();
        return LatentAutoencoder.Create(network);
    }

    /// <summary>Images by formula.</summary>
    private static ImageBuffer[] References(JsonArray sizes) =>
    [
        .. sizes.Select((size, k) => TaskImages.Create(
            (int)size![0]!, (int)size[1]!,
            (column, row) => ((byte)(3 * row + 5 * column + 40 * k), (byte)(7 * row + column + 90), (byte)(column * column + 2 * row)))),
    ];

    private static void Check(Tensor actual, JsonNode expected, int index)
    {
        using Tensor reference = ReferenceFiles.Tensor(expected);
        double scale = Math.Max(1, reference.abs().max().item<float>());
        double difference = (actual - reference.narrow(0, index, 1)).abs().max().item<float>();
        TestContext.Current.TestOutputHelper?.WriteLine($"{difference / scale:e1}");
        Assert.InRange(difference / scale, 0, Tolerance);
    }

    private static void CheckImage(ImageBuffer image, Tensor expected)
    {
        Tensor pixels = ImageTensor.FromImage(image) / 2 + 0.5;
        Assert.InRange((pixels - expected).abs().max().item<float>(), 0, ByteTolerance);
    }
}
