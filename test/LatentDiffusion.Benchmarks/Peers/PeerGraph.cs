using System.Text.Json;
using System.Text.Json.Nodes;

namespace LatentDiffusion.Benchmarks;

/// <summary>A network that both engines compute: an ONNX graph with its parameters in a separate file, and its description.</summary>
/// <param name="Name">Name of the graph and its files.</param>
/// <param name="Folder">Folder of the graph and its description.</param>
/// <param name="Model">Class of the network in diffusers.</param>
/// <param name="Config">Its configuration, as a <c>config.json</c>.</param>
/// <param name="Inputs">Name and shape of each input.</param>
/// <param name="Bytes">Length of the file of parameters.</param>
/// <param name="Parameters">The parameters in the order of that file.</param>
internal sealed record PeerGraph(
    string Name, string Folder, string Model, string Config, IReadOnlyDictionary<string, long[]> Inputs, long Bytes,
    IReadOnlyList<PeerParameter> Parameters)
{
    /// <summary>Names of the known graphs.</summary>
    public static IReadOnlyList<string> Names { get; } = ["unet-small", "unet-sd15-256", "vae-decoder-sd-256"];

    /// <summary>The graph's file.</summary>
    public string OnnxPath => Path.Combine(Folder, $"{Name}.onnx");

    /// <summary>Name of the parameter file, which the graph expects next to itself.</summary>
    public string WeightsName => $"{Name}.bin";

    /// <summary>Why a graph cannot be measured; null if it can.</summary>
    public static string? Missing(string folder, string name) =>
        new[] { $"{name}.json", $"{name}.onnx" }.Select(f => Path.Combine(folder, f)).FirstOrDefault(f => !File.Exists(f)) is { } missing
            ? $"'{missing}' does not exist"
            : null;

    /// <summary>Reads a graph's description.</summary>
    public static PeerGraph Read(string folder, string name)
    {
        JsonNode description = JsonNode.Parse(File.ReadAllText(Path.Combine(folder, $"{name}.json")))!;
        return new PeerGraph(
            name, folder, (string)description["model"]!, description["config"]!.ToJsonString(),
            description["inputs"].Deserialize<Dictionary<string, long[]>>()!, (long)description["bytes"]!,
            description["parameters"].Deserialize<PeerParameter[]>(JsonSerializerOptions.Web)!);
    }
}
