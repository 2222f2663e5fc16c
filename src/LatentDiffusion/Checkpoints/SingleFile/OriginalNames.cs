namespace LatentDiffusion.Checkpoints;

/// <summary>The names that an original file gives the modules of a network, and those of the network for the same modules.</summary>
/// <param name="top">Modules outside of blocks.</param>
/// <param name="blocks">Lists of blocks: their names in the file and in the network, and the modules of a block.</param>
internal sealed class OriginalNames(
    IReadOnlyList<OriginalModule> top, params (string Original, string Ours, IReadOnlyList<OriginalModule> Modules)[] blocks)
{
    /// <summary>Names of parameters that differ.</summary>
    private const string OriginalScale = ".scale", Weight = ".weight";

    private readonly Modules _dotted = new('.', top, blocks), _underscored = new('_', top, blocks);

    /// <summary>The network's tensors. A name that is not known stays as it is, for loading to report.</summary>
    /// <param name="stored">Stored tensors by their names without the network's prefix.</param>
    public IEnumerable<MappedTensor> Tensors(Dictionary<string, TensorEntry> stored) =>
        stored.SelectMany(tensor => Tensors(tensor.Key, tensor.Value));

    /// <summary>The network's name of a module of a LoRA file, both with underscores in place of dots.</summary>
    public string LoraName(string module) => _underscored.Find(module) switch
    {
        (var prefix, { Names: [var name], SwapsHalves: false }) => prefix + name.Replace('.', '_'),
        (_, null) => _underscored.Rename(module),
        _ => module,
    };

    /// <summary>The network's names of modules that a LoRA file has as one; null for a module by itself.</summary>
    public string[]? JoinedLoraNames(string module) => _underscored.Find(module) is (var prefix, { Names: { Count: > 1 } names })
        ? [.. names.Select(name => prefix + name.Replace('.', '_'))]
        : null;

    private IEnumerable<MappedTensor> Tensors(string name, TensorEntry stored)
    {
        int end = name.LastIndexOf('.');
        if (end < 0) return [new MappedTensor(name, stored)];
        string path = name[..end], parameter = name[end..], suffix = parameter == OriginalScale ? Weight : parameter;
        (string prefix, OriginalModule? module) = _dotted.Find(path);
        if (module is not null) return module.Tensors(stored, prefix, suffix);
        return [new MappedTensor(_dotted.Rename(path) + suffix, stored)];
    }

    /// <summary>The modules with one separator between the parts of their names.</summary>
    private sealed class Modules(
        char separator, IReadOnlyList<OriginalModule> top, (string Original, string Ours, IReadOnlyList<OriginalModule> Modules)[] blocks)
    {
        private readonly Dictionary<string, OriginalModule> _top = top.ToDictionary(module => module.Original.Replace('.', separator));

        private readonly (string Original, string Ours, Dictionary<string, OriginalModule> Modules)[] _blocks =
        [
            .. blocks.Select(block => (
                block.Original.Replace('.', separator) + separator, block.Ours.Replace('.', separator) + separator,
                block.Modules.ToDictionary(module => module.Original.Replace('.', separator)))),
        ];

        /// <summary>A module and what its names in the network begin with; null for one whose name is the same in the network.</summary>
        public (string Prefix, OriginalModule? Module) Find(string path)
        {
            if (_top.TryGetValue(path, out OriginalModule? module)) return ("", module);
            return Block(path) is (var prefix, var inner, var modules) ? (prefix, modules.GetValueOrDefault(inner)) : ("", null);
        }

        /// <summary>The network's name of a module that has the same name within its block.</summary>
        public string Rename(string path) => Block(path) is (var prefix, var inner, _) ? prefix + inner : path;

        /// <summary>For example double_blocks, its index, and the module's name.</summary>
        private (string Prefix, string Inner, Dictionary<string, OriginalModule> Modules)? Block(string path)
        {
            foreach ((string original, string ours, Dictionary<string, OriginalModule> modules) in _blocks)
            {
                if (!path.StartsWith(original, StringComparison.Ordinal)) continue;
                string[] rest = path[original.Length..].Split(separator, 2);
                if (rest is [{ Length: > 0 } index, var inner] && index.All(char.IsAsciiDigit))
                    return ($"{ours}{index}{separator}", inner, modules);
            }

            return null;
        }
    }
}
