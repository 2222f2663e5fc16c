using System.Text.RegularExpressions;

namespace LatentDiffusion.Networks;

/// <summary>The names that llama.cpp gives the tensors of a language model in GGUF files, and those of the network.</summary>
/// <param name="before">What all names of the encoder begin with: <c>enc.</c>, or nothing.</param>
/// <param name="ours">The network's list of layers.</param>
/// <param name="layer">Modules of a layer.</param>
/// <param name="top">Modules outside of layers, with the beginning of their names.</param>
internal sealed class LlamaCppNames(
    string before, string ours, IReadOnlyDictionary<string, string> layer, IReadOnlyDictionary<string, string> top)
{
    private readonly Regex _block = new($@"^{Regex.Escape(before)}blk\.([0-9]{{1,4}})\.([a-z_]+)\.(weight|bias)$");

    /// <summary>Name of a tensor that only such files have.</summary>
    /// <param name="module">A module of the first layer.</param>
    public string First(string module) => $"{before}blk.0.{module}.weight";

    /// <summary>The network's name of a tensor; the name itself for one of other files.</summary>
    public string CurrentName(string name)
    {
        if (_block.Match(name) is { Success: true } match)
        {
            return layer.TryGetValue(match.Groups[2].Value, out string? module)
                ? $"{ours}{match.Groups[1].Value}.{module}.{match.Groups[3].Value}"
                : name;
        }

        return top.GetValueOrDefault(name, name);
    }
}
