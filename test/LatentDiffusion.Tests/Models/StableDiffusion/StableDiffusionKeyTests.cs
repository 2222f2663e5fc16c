using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>The full-size networks have the published parameters, no more and no fewer; built without memory for them.</summary>
public class StableDiffusionKeyTests
{
    private const string File = "stable-diffusion-keys.json";

    public static IEnumerable<TheoryDataRow<string>> Networks() => ReferenceFiles.Read(File).Select(n => new TheoryDataRow<string>(n.Key));

    [Theory, MemberData(nameof(Networks))]
    public void Parameters_are_the_published_ones(string name)
    {
        JsonNode reference = ReferenceFiles.Read(File)[name]!;
        string config = reference["config"]!.ToJsonString();
        using nn.Module network = name.EndsWith(".vae", StringComparison.Ordinal)
            ? AutoencoderKLConfig.FromJson(config).BuildUninitialized(META)
            : UNet2DConditionConfig.FromJson(config).BuildUninitialized(META);
        ReferenceFiles.AssertKeys(network, reference["keys"]!.AsObject());
    }
}
