using System.Text.Json.Serialization;

namespace LatentDiffusion.Evaluation;

/// <summary>Images for each prompt, one row per prompt.</summary>
/// <param name="Prompts">The prompts, in the order of the rows.</param>
/// <param name="FirstSeed">Seed of the first column; it increases by one per column.</param>
/// <param name="Columns">Images per prompt.</param>
public sealed record PromptSamples(IReadOnlyList<string> Prompts, ulong FirstSeed, int Columns)
{
    /// <summary>The images by row and column.</summary>
    [JsonIgnore]
    public IReadOnlyList<IReadOnlyList<ImageBuffer>> Rows { get; init; } = [];
}
