using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Full-size transformers have the published parameters, no more and no fewer; built without memory for them.</summary>
public class TransformerKeyTests
{
    private const string File = "transformer-keys.json";

    public static IEnumerable<TheoryDataRow<string>> Networks() =>
        from network in ReferenceFiles.Read(File)
        where ((string?)network.Value!["model"])?.EndsWith("Transformer2DModel", StringComparison.Ordinal) ?? false
        select new TheoryDataRow<string>(network.Key);

    [Theory, MemberData(nameof(Networks))]
    public void Parameters_are_the_published_ones(string name)
    {
        JsonNode reference = ReferenceFiles.Read(File)[name]!;
        string model = (string)reference["model"]!;
        Assert.SkipWhen(ReferenceTransformer.Absent.Contains(model), $"The library does not have {model}.");
        using nn.Module network = ReferenceTransformer.All[model].Build(reference["config"]!.ToJsonString(), META);
        ReferenceFiles.AssertKeys(network, reference["keys"]!.AsObject());
    }
}
