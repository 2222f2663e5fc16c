using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Each autoencoder of the reference file: its network, and the latents that a pipeline sees of it.</summary>
public sealed class AutoencoderReferenceTests
{
    private const double Tolerance = 1e-4;

    private static readonly Dictionary<string, string> s_waiting = new()
    {
        ["AutoencoderDC"] = "AutoencoderDC is of SANA, a family that waits.",
        ["AutoencoderKLQwenImage"] = "AutoencoderKLQwenImage is of Qwen-Image, a family that waits.",
    };

    public static TheoryData<string> Cases =>
        [.. ReferenceFiles.Read("autoencoders.json")["cases"]!.AsArray().Select(c => (string)c!["name"]!)];

    [Theory, MemberData(nameof(Cases))]
    public void Latents_and_pixels_equal_the_reference(string name)
    {
        JsonNode reference = ReferenceFiles.Read("autoencoders.json")["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
        string model = (string)reference["model"]!, config = reference["config"]!.ToJsonString();
        if (s_waiting.TryGetValue(model, out string? reason)) Assert.Skip(reason);
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        JsonNode expected = reference["output"]!;
        Tensor images = FormulaWeights.Input(
            (string)reference["inputs"]!["image"]!, reference["inputs"]!["image_shape"]!.Deserialize<long[]>()!, clamp: 1);
        nn.Module<Tensor, Tensor> network = model switch
        {
            nameof(AutoencoderKL) => AutoencoderKLConfig.FromJson(config).Build(),
            nameof(AutoencoderKLFlux2) => AutoencoderKLFlux2Config.FromJson(config).Build(),
            _ => throw new InvalidDataException($"No autoencoder is called {model}."),
        };
        using var own = network;
        ReferenceFiles.AssertKeys(network, reference["keys"]!.AsObject());
        FormulaWeights.Fill(network);
        network.eval();
        (Tensor mean, Tensor logVariance) = network is AutoencoderKLFlux2 flux
            ? flux.Encode(images)
            : ((AutoencoderKL)network).Encode(images);
        Check(mean, expected, "mean");
        Check(logVariance, expected, "logvar");

        LatentAutoencoder autoencoder = LatentAutoencoder.Create(network);
        using LatentDistribution latents = autoencoder.Encode(images);
        Check(latents.Mean, expected, "latents");
        Assert.Equal(latents.Mean.shape, latents.StandardDeviation!.shape);
        Assert.Equal(
            (autoencoder.LatentChannels, images.shape[2] / autoencoder.DownsamplingFactor),
            (latents.Mean.shape[1], latents.Mean.shape[2]));
        if (expected["packed"] is not null) Check(latents.Mean.flatten(2).transpose(1, 2), expected, "packed");
        Check(autoencoder.Decode(latents.Mean), expected, "decoded");
    }

    private static void Check(Tensor actual, JsonNode expected, string name) =>
        Assert.InRange(ReferenceFiles.LargestDifference(actual, expected[name]!), 0, Tolerance);
}
