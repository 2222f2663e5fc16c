using System.Text.Json;
using System.Text.Json.Nodes;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Reference;

/// <summary>The reference figures: from the folder of LATENTDIFFUSION_REFERENCE, else the copy next to the tests.</summary>
internal static class ReferenceFiles
{
    public static JsonObject Read(string name)
    {
        return JsonNode.Parse(File.ReadAllText(ReferenceFolder.PathOf(name)))!.AsObject();
    }

    public static Tensor Tensor(JsonNode node) => tensor(node["values"]!.Deserialize<float[]>()!, node["shape"]!.Deserialize<long[]>()!);

    public static double LargestDifference(Tensor actual, JsonNode expected)
    {
        using Tensor reference = Tensor(expected);
        Assert.Equal(reference.shape, actual.shape);
        using Tensor difference = (actual - reference).abs().max();
        return difference.item<float>();
    }

    public static void AssertKeys(nn.Module module, JsonObject keys)
    {
        var expected = keys.Select(k => $"{k.Key} [{string.Join(", ", k.Value!.AsArray())}]").Order(StringComparer.Ordinal);
        var actual = module.state_dict().Select(p => $"{p.Key} [{string.Join(", ", p.Value.shape)}]").Order(StringComparer.Ordinal);
        Assert.Equal(expected, actual);
    }
}
