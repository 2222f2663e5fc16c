using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Families;

/// <summary>Writes networks under their original names, by the reference file's map read the other way.</summary>
internal static partial class OriginalTransformers
{
    /// <summary>The tensors of a network under the names of an original file.</summary>
    /// <param name="map">Name of the case whose map is followed; its blocks stand for all blocks.</param>
    /// <param name="network">The network.</param>
    public static Dictionary<string, Tensor> Tensors(string map, nn.Module network) => Tensors(map, network.state_dict());

    /// <summary>The same for tensors under the names of a network's parameters.</summary>
    /// <param name="map">Name of the case.</param>
    /// <param name="state">The tensors.</param>
    public static Dictionary<string, Tensor> Tensors(string map, IEnumerable<KeyValuePair<string, Tensor>> state)
    {
        JsonNode reference = ReferenceFiles.Read("single-file-keys.json")["cases"]!.AsArray().Single(c => (string)c!["name"]! == map)!;
        Dictionary<string, (string From, long[][] Rows)> entries = reference["map"]!.AsArray().ToDictionary(
            entry => (string)entry!["to"]!,
            entry => ((string)entry!["from"]!, entry["rows"] is JsonArray rows
                ? rows.Select(range => range!.AsArray().Select(n => (long)n!).ToArray()).ToArray()
                : []));
        var parts = new Dictionary<string, List<(long Start, Tensor Tensor)>>();
        foreach ((string name, Tensor tensor) in state)
        {
            string index = Block().Match(name).Groups[1].Value;
            (string from, long[][] rows) = entries[Block().Replace(name, ".0.", 1)];
            string original = index.Length == 0 ? from : Block().Replace(from, $".{index}.", 1);
            if (!parts.TryGetValue(original, out var list)) parts.Add(original, list = []);
            if (rows.Length <= 1) list.Add((rows.Length == 0 ? 0 : rows[0][0], tensor));
            else list.AddRange(tensor.chunk(rows.Length).Select((part, i) => (rows[i][0], part)));
        }

        return parts.ToDictionary(part => part.Key, part => cat([.. part.Value.OrderBy(p => p.Start).Select(p => p.Tensor)]));
    }

    [GeneratedRegex(@"(?<=blocks|refiner|^layers|\.layers)\.([0-9]+)\.")]
    private static partial Regex Block();
}
