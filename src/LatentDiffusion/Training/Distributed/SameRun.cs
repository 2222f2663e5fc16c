using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace LatentDiffusion.Training;

/// <summary>Checks that all processes begin the same run.</summary>
internal static class SameRun
{
    /// <param name="group">The processes; null for one.</param>
    /// <param name="options">The run's options.</param>
    /// <param name="objective">Its objective.</param>
    /// <param name="parameters">What it trains.</param>
    /// <exception cref="ArgumentException">A process has other options, networks or items; the message names them.</exception>
    public static void Require(IProcessGroup? group, TrainingOptions options, ITrainingObjective objective, FlatParameters parameters)
    {
        if (group is null || group.Size == 1) return;
        Dictionary<string, string> own = new() { ["trained parameters"] = $"{parameters.Ranges.Count}" };
        foreach (JsonProperty option in JsonSerializer.SerializeToElement(options, TrainingJson.Plain.TrainingOptions).EnumerateObject())
            own.Add(option.Name, option.Value.ToString());
        foreach ((string name, string value) in objective.Identity) own.Add($"objective.{name}", value);
        foreach (FlatParameters.ParameterRange range in parameters.Ranges) own.Add($"parameter {range.Name}", $"{range.Length} values");
        JsonTypeInfo<Dictionary<string, string>> contract = PlainJson.Default.DictionaryStringString;
        IReadOnlyList<byte[]> all = group.Exchange(() => JsonSerializer.SerializeToUtf8Bytes(own, contract));
        Dictionary<string, string> first = JsonSerializer.Deserialize(all[0], contract)!;
        for (int rank = 1; rank < all.Count; rank++)
        {
            Dictionary<string, string> other = JsonSerializer.Deserialize(all[rank], contract)!;
            foreach (string name in first.Keys.Union(other.Keys).Order(StringComparer.Ordinal))
            {
                string expected = first.GetValueOrDefault(name, "none"), there = other.GetValueOrDefault(name, "none");
                if (there != expected)
                    throw new ArgumentException(
                        $"Process {rank} has another {name}: {there}; expected that of process 0, {expected}.", nameof(objective));
            }
        }
    }
}
