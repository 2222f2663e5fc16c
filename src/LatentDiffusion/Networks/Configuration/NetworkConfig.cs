using System.Text.Json.Nodes;

namespace LatentDiffusion.Networks;

/// <summary>
/// Base of the configurations of all networks: they are read from a published <c>config.json</c>, and written as one.
/// </summary>
public abstract record NetworkConfig
{
    /// <summary>The JSON it was read from, which is written again where nothing was changed; null for one made in code.</summary>
    internal JsonObject? Source { get; init; }

    /// <summary>Options that it was read with, that ask for something and that the network does not have.</summary>
    internal IReadOnlyList<string> IgnoredOptions { get; init; } = [];

    /// <summary>
    /// Checks the numbers, so that a network can be built of them. Words are checked where it is built. The default checks
    /// nothing.
    /// </summary>
    /// <exception cref="ArgumentException">One is out of its range, or they contradict each other; the message names the
    /// option.</exception>
    protected internal virtual void Check()
    {
    }

    /// <summary>
    /// The configuration as JSON. One that was read gives what was read, with the properties changed since; one made in
    /// code gives every property.
    /// </summary>
    public string ToJson() => ModelConfigJson.Write(this);
}
