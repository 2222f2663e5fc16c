using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Checkpoints;

/// <summary>Which tensors of a single file belong to no network and are left out.</summary>
/// <param name="options">Options of the caller.</param>
/// <param name="logger">Receives one line about the ignored tensors; null for no log.</param>
internal sealed class SingleFileFilter(SingleFileOptions options, ILogger? logger)
{
    /// <summary>Whether tensors that fit no network are left out.</summary>
    public bool IgnoresUnknown => options.IgnoreUnknownTensors;

    /// <summary>Whether a tensor is left out, as the caller asked.</summary>
    public bool Ignores(string name) => options.IgnoredTensors.Any(pattern => pattern.EndsWith('*')
        ? name.AsSpan().StartsWith(pattern.AsSpan(0, pattern.Length - 1), StringComparison.Ordinal)
        : name == pattern);

    /// <summary>Leaves out tensors that fit no network.</summary>
    /// <exception cref="CheckpointException">The caller did not ask for that.</exception>
    public void RequireIgnored(string file, IReadOnlyList<string> unknown)
    {
        if (unknown.Count == 0) return;
        if (!options.IgnoreUnknownTensors) throw new CheckpointException(file, [], unknown, []);
        Log(file, unknown);
    }

    /// <summary>Logs the tensors that were left out.</summary>
    public void Log(string file, IReadOnlyList<string> ignored)
    {
        if (ignored.Count > 0) logger?.TensorsIgnored(file, ignored.Count, MessageText.List(ignored));
    }
}
