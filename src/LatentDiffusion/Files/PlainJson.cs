using System.Text.Json;
using System.Text.Json.Serialization;

namespace LatentDiffusion.Files;

/// <summary>JSON of texts, numbers, and lists and tables of them.</summary>
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(string))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(double[]))]
[JsonSerializable(typeof(IReadOnlyList<double>))]
[JsonSerializable(typeof(Dictionary<string, int>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(IReadOnlyDictionary<string, string>))]
internal sealed partial class PlainJson : JsonSerializerContext;
