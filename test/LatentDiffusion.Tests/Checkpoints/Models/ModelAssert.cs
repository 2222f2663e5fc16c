using System.Text.Json.Nodes;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Asserts that two models are the same.</summary>
internal static class ModelAssert
{
    /// <summary>The same networks with bit-identical parameters.</summary>
    public static void SameNetworks(ModelComponents expected, ModelComponents actual)
    {
        Assert.Equal(
            expected.Networks.Select(n => (n.Name, n.Network.GetType())),
            actual.Networks.Select(n => (n.Name, n.Network.GetType())));
        foreach (((string name, nn.Module a), (_, nn.Module b)) in expected.Networks.Zip(actual.Networks))
        {
            Dictionary<string, Tensor> theirs = b.state_dict();
            Assert.Equal(a.state_dict().Keys.Order(), theirs.Keys.Order());
            foreach ((string key, Tensor value) in a.state_dict())
                Assert.True(value.equal(theirs[key]).all().item<bool>(), $"{name}: {key} differs.");
        }
    }

    /// <summary>The same files: JSON compared as JSON, all others byte by byte.</summary>
    public static void SameFiles(string expected, string actual)
    {
        Assert.Equal(Files(expected), Files(actual));
        foreach (string file in Files(expected))
        {
            byte[] a = File.ReadAllBytes(Path.Combine(expected, file)), b = File.ReadAllBytes(Path.Combine(actual, file));
            bool same = file.EndsWith(".json", StringComparison.Ordinal)
                ? JsonNode.DeepEquals(JsonNode.Parse(a), JsonNode.Parse(b))
                : a.AsSpan().SequenceEqual(b);
            Assert.True(same, $"{file} differs.");
        }
    }

    private static IEnumerable<string> Files(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(folder, file))
            .Order(StringComparer.Ordinal);
}
