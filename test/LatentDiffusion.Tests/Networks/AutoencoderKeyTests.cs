using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Published autoencoders of the transformer families have the published parameters; built without memory for them.</summary>
public class AutoencoderKeyTests
{
    private const string File = "transformer-keys.json";

    /// <summary>Networks by class, from their configurations.</summary>
    private static readonly Dictionary<string, Func<string, nn.Module>> s_networks = new()
    {
        [nameof(AutoencoderKL)] = config => AutoencoderKLConfig.FromJson(config).BuildUninitialized(META),
        [nameof(AutoencoderKLFlux2)] = config => AutoencoderKLFlux2Config.FromJson(config).BuildUninitialized(META),
    };

    /// <summary>Published classes that the library does not have.</summary>
    private static readonly string[] s_absent = ["AutoencoderKLQwenImage", "AutoencoderDC"];

    public static TheoryData<string> Networks =>
    [
        .. from network in ReferenceFiles.Read(File)
           where ((string?)network.Value!["model"])?.StartsWith("Autoencoder", StringComparison.Ordinal) ?? false
           select network.Key,
    ];

    [Theory, MemberData(nameof(Networks))]
    public void Parameters_are_the_published_ones(string name)
    {
        JsonNode reference = ReferenceFiles.Read(File)[name]!;
        string model = (string)reference["model"]!;
        Assert.SkipWhen(s_absent.Contains(model), $"The library does not have {model}.");
        using nn.Module network = s_networks[model](reference["config"]!.ToJsonString());
        ReferenceFiles.AssertKeys(network, reference["keys"]!.AsObject());
    }
}
