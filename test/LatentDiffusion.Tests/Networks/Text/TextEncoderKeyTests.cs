using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Full-size text encoders have the published parameters, no more and no fewer; built without memory for them.</summary>
public class TextEncoderKeyTests
{
    private const string File = "transformer-keys.json";

    private static readonly Dictionary<string, Func<string, nn.Module>> s_networks = new()
    {
        ["T5EncoderModel"] = json => T5Config.FromJson(json).BuildUninitialized(META),
        ["Qwen3ForCausalLM"] = json => Qwen3Config.FromJson(json).BuildUninitialized(device: META),
    };

    public static IEnumerable<TheoryDataRow<string>> Networks() =>
        from entry in ReferenceFiles.Read(File) where ClassOf(entry.Value!) is not null select new TheoryDataRow<string>(entry.Key);

    [Theory, MemberData(nameof(Networks))]
    public void Parameters_are_the_published_ones(string name)
    {
        JsonNode reference = ReferenceFiles.Read(File)[name]!;
        using nn.Module network = s_networks[ClassOf(reference)!](reference["config"]!.ToJsonString());
        ReferenceFiles.AssertKeys(network, reference["keys"]!.AsObject());
    }

    [Theory, MemberData(nameof(Networks))]
    public void No_option_of_the_published_files_is_ignored(string name)
    {
        JsonNode reference = ReferenceFiles.Read(File)[name]!;
        string json = reference["config"]!.ToJsonString();
        NetworkConfig config = ClassOf(reference) == "T5EncoderModel" ? T5Config.FromJson(json) : Qwen3Config.FromJson(json);
        Assert.Empty(config.IgnoredOptions);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), JsonNode.Parse(config.ToJson())));
    }

    private static string? ClassOf(JsonNode reference) =>
        (string?)(reference["config"]?["architectures"] as JsonArray)?.FirstOrDefault() is { } name && s_networks.ContainsKey(name)
            ? name : null;
}
