using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Families;
using LatentDiffusion.Tests.Pipelines;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>Whole sampling loops of Stable Diffusion 3 through the public builder, for every such case of the reference file.</summary>
public sealed class SD3PipelineReferenceTests
{
    private const string File = "pipelines.json", Pipeline = "StableDiffusion3Pipeline";

    private const double Tolerance = 2e-4;

    // Half a step of a byte, and the tolerance of the image.
    private const double ByteTolerance = 0.5 / 255 + Tolerance;

    public static TheoryData<string> Cases =>
    [
        .. ReferenceFiles.Read(File)["cases"]!.AsArray().Where(c => (string)c!["pipeline"]! == Pipeline).Select(c => (string)c!["name"]!),
    ];

    [Theory, MemberData(nameof(Cases))]
    public void Every_step_equals_the_reference(string name)
    {
        JsonNode reference = ReferenceFiles.Read(File)["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
        using DisposeScope scope = NewDisposeScope();
        SD3Transformer2DModel network = SD3TransformerConfig.FromJson(reference["transformer"]!["config"]!.ToJsonString()).Build();
        ReferenceFiles.AssertKeys(network, reference["transformer"]!["keys"]!.AsObject());
        FormulaWeights.Fill(network);
        int width = (int)reference["width"]!, height = (int)reference["height"]!;
        IAutoencoder autoencoder = Autoencoder(reference, width);
        SchedulerConfig config =
            SchedulerConfig.Parse(reference["scheduler"]!.ToJsonString()).WithClass(FlowMatchEulerScheduler.ClassName);
        using var model = new DiffusionModel(SD3Denoiser.Create(network), null, null, config, network.Config.SampleSize, CPU);
        var seen = new SeenLatents(NoiseScheduler.FromConfig(config), autoencoder);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModel(_ => model).UseScheduler(seen).UseAutoencoder(seen)
            .UseTextEncoder(new TextOfRequests(new TextShape(9, network.Config.JointAttentionDim, network.Config.PooledProjectionDim)))
            .Build();
        ulong[] seeds = reference["seeds"]!.Deserialize<ulong[]>()!;
        for (int i = 0; i < seeds.Length; i++)
        {
            using Conditioning prompt = Embeddings(reference["inputs"]!, "", i);
            using Conditioning negative = Embeddings(reference["inputs"]!, "negative_", i);
            seen.Seen.Clear();
            ImageBuffer image = pipeline.Generate(new GenerationRequest
            {
                Prompt = "", PromptEmbeds = prompt, NegativePromptEmbeds = negative, Seed = seeds[i], Width = width, Height = height,
                Steps = (int)reference["steps"]!, GuidanceScale = (double)reference["call"]!["guidance_scale"]!,
            }).Images[0].Image;
            Check(seen.Seen[0], reference["start"]!, i);
            JsonArray trajectory = reference["trajectory"]!.AsArray();
            Assert.Equal(trajectory.Count + 1, seen.Seen.Count);
            for (int step = 0; step < trajectory.Count; step++) Check(seen.Seen[step + 1], trajectory[step]!, i);
            Check(seen.Seen[^1], reference["latents"]!, i);
            if (reference["image"] is { } pixels) CheckImage(image, ReferenceFiles.Tensor(pixels).narrow(0, i, 1));
        }

        double[] timesteps = [.. seen.Inputs.Take((int)reference["steps"]!).Select(input => input.Timestep)];
        Assert.Equal(reference["timesteps"]!.Deserialize<double[]>()!, timesteps, (one, other) => Math.Abs(one - other) < 1e-3);
    }

    private static IAutoencoder Autoencoder(JsonNode reference, int width)
    {
        if (reference["autoencoder"] is not { } given)
        {
            JsonArray shape = reference["start"]!["shape"]!.AsArray();
            return new BlackImages((int)shape[1]!, width / (int)shape[3]!);
        }

        AutoencoderKL network = AutoencoderKLConfig.FromJson(given["config"]!.ToJsonString()).Build();
        ReferenceFiles.AssertKeys(network, given["keys"]!.AsObject());
        FormulaWeights.Fill(network);
        return new LatentAutoencoder(network);
    }

    private static Conditioning Embeddings(JsonNode inputs, string prefix, int index)
    {
        Tensor Input(string name) => FormulaWeights.Input(
            (string)inputs[prefix + name]!, inputs[$"{prefix}{name}_shape"]!.Deserialize<long[]>()!).narrow(0, index, 1).clone();
        return new Conditioning(Input("prompt_embeds"), Input("pooled_prompt_embeds"));
    }

    private static void Check(Tensor actual, JsonNode expected, int index)
    {
        using Tensor reference = ReferenceFiles.Tensor(expected);
        double scale = Math.Max(1, reference.abs().max().item<float>());
        double difference = (actual - reference.narrow(0, index, 1)).abs().max().item<float>();
        Assert.InRange(difference / scale, 0, Tolerance);
    }

    private static void CheckImage(ImageBuffer image, Tensor expected)
    {
        Tensor pixels = ImageTensor.FromImage(image) / 2 + 0.5;
        Assert.InRange((pixels - expected).abs().max().item<float>(), 0, ByteTolerance);
    }
}
