using System.Text.Json.Nodes;

namespace LatentDiffusion;

/// <summary>What the configurations of all networks have in common: they are read from a published <c>config.json</c>, and written as one.</summary>
public abstract record NetworkConfig
{
    /// <summary>The JSON it was read from, which is written again where nothing was changed; null for one made in code.</summary>
    internal JsonObject? Source { get; init; }

    /// <summary>
    /// The configuration as JSON. One that was read gives what was read, with the properties changed since; one made in
    /// code gives every property.
    /// </summary>
    public string ToJson() => ModelConfigJson.Write(this);
}
