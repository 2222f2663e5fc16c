using System.Text.Json;
using System.Text.Json.Serialization;

namespace LatentDiffusion.Training;

/// <summary>What a training run writes and compares as JSON.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true)]
[JsonSerializable(typeof(LeftOutItems.Entry[]))]
[JsonSerializable(typeof(TrainingOptions))]
internal sealed partial class TrainingJson : JsonSerializerContext
{
    /// <summary>The same with the names of the properties.</summary>
    public static TrainingJson Plain { get; } = new(new JsonSerializerOptions());
}
