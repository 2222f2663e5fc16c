using System.Text.Json.Serialization;

namespace LatentDiffusion.Evaluation;

/// <summary>Pictures of the prompts, a row for each.</summary>
/// <param name="Prompts">The prompts, in the order of the rows.</param>
/// <param name="FirstSeed">Seed of the first column; each further one has the next number.</param>
/// <param name="Columns">Pictures of each prompt.</param>
public sealed record PromptSamples(IReadOnlyList<string> Prompts, ulong FirstSeed, int Columns)
{
    /// <summary>The pictures.</summary>
    [JsonIgnore]
    public IReadOnlyList<IReadOnlyList<ImageBuffer>> Rows { get; init; } = [];
}
