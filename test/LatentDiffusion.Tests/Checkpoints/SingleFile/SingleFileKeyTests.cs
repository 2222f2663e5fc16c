using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Every tensor of the original files comes under its published name, with the rows and shape that it has there.</summary>
public sealed class SingleFileKeyTests
{
    private const string File = "single-file-keys.json";

    /// <summary>The mapping of each model's tensors.</summary>
    private static readonly Dictionary<string, Func<Dictionary<string, TensorEntry>, IEnumerable<MappedTensor>>> s_maps = new()
    {
        [".vae"] = LdmAutoencoder.Tensors,
        ["sd3"] = stored => SD3Names.Tensors(stored.ToDictionary(t => t.Key[SD3Names.Transformer.Length..], t => t.Value)),
        ["flux1"] = FluxNames.All.Tensors,
        ["flux2"] = Flux2Names.All.Tensors,
        ["z-image"] = stored => ZImageNames.All.Tensors(
            stored.Where(t => !ZImageNames.IsNote(t.Key)).ToDictionary(t => t.Key[FluxNames.Prefix.Length..], t => t.Value)),
    };

    public static TheoryData<string> Cases =>
        [.. ReferenceFiles.Read(File)["cases"]!.AsArray().Select(c => (string)c!["name"]!)];

    [Theory, MemberData(nameof(Cases))]
    public void Originals_are_mapped_as_in_the_reference(string name)
    {
        JsonNode reference = ReferenceFiles.Read(File)["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
        string key = s_maps.Keys.First(known =>
            known[0] == '.' ? name.EndsWith(known, StringComparison.Ordinal) : name.StartsWith(known, StringComparison.Ordinal));
        Dictionary<string, TensorEntry> stored = reference["original"]!.AsObject().ToDictionary(
            tensor => tensor.Key,
            tensor => new TensorEntry(tensor.Key, ScalarType.Float32, tensor.Value.Deserialize<long[]>()!, 0));
        string[] expected = [.. reference["map"]!.AsArray().Select(Expected).Order(StringComparer.Ordinal)];
        string[] actual = [.. s_maps[key](stored).Select(Describe).Order(StringComparer.Ordinal)];
        Assert.Equal(expected, actual);

        string Expected(JsonNode? mapped)
        {
            TensorEntry original = stored[(string)mapped!["from"]!];
            long[][]? rows = mapped["rows"].Deserialize<long[][]?>();
            long[] shape = mapped["reshape"].Deserialize<long[]?>()
                ?? (rows is null ? [.. original.Shape] : [rows.Sum(row => row[1] - row[0]), .. original.Shape.Skip(1)]);
            return Line((string)mapped["to"]!, original.Name, rows, shape);
        }
    }

    private static string Describe(MappedTensor mapped)
    {
        long[][]? rows = mapped.Rows?.Select(range => new[] { range.Start, range.Start + range.Count }).ToArray();
        return Line(mapped.Name, mapped.Stored.Name, rows, mapped.Entry.Shape);
    }

    private static string Line(string to, string from, long[][]? rows, IReadOnlyList<long> shape) =>
        $"{to} from {from} [{string.Join(", ", shape)}]{(rows is null ? "" : $" rows {JsonSerializer.Serialize(rows)}")}";
}
