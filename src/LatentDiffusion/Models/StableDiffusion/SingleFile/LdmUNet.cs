namespace LatentDiffusion.Models;

/// <summary>
/// The U-Net of a single file, or its encoder in a ControlNet. There its blocks stand in one row, and which is which
/// follows from what they hold; our names for them count resolutions and layers.
/// </summary>
internal sealed class LdmUNet
{
    /// <summary>Parts of a name that say which module it belongs to: a block, its index, and the module's within.</summary>
    private const int ModuleDepth = 4;

    private readonly Dictionary<string, TensorEntry> _stored;
    private readonly HashSet<string> _prefixes = [];
    private readonly Dictionary<string, (string Ours, (string Ldm, string Ours)[] Parts)> _modules = [];

    /// <param name="stored">The U-Net's tensors, by their names without the prefix.</param>
    public LdmUNet(Dictionary<string, TensorEntry> stored)
    {
        _stored = stored;
        foreach (string name in stored.Keys)
        {
            string[] steps = name.Split('.', ModuleDepth + 1);
            for (int length = 1; length <= Math.Min(steps.Length, ModuleDepth); length++)
                _prefixes.Add(string.Join('.', steps.Take(length)));
        }

        WalkDown();
        WalkMiddle();
        WalkUp();
    }

    /// <summary>The network's tensors. A name that is not known stays as it is, for loading to report.</summary>
    public IEnumerable<MappedTensor> Tensors() => _stored.Select(tensor => new MappedTensor(Ours(tensor.Key), tensor.Value));

    private void WalkDown()
    {
        for (int i = 1, level = 0, layer = 0; Has($"input_blocks.{i}.0"); i++)
        {
            if (Has($"input_blocks.{i}.0.op"))
            {
                _modules[$"input_blocks.{i}.0"] = ($"down_blocks.{level++}.downsamplers.0", LdmNames.Resize);
                layer = 0;
                continue;
            }

            _modules[$"input_blocks.{i}.0"] = ($"down_blocks.{level}.resnets.{layer}", LdmNames.Resnet);
            _modules[$"input_blocks.{i}.1"] = ($"down_blocks.{level}.attentions.{layer}", []);
            layer++;
        }
    }

    private void WalkMiddle()
    {
        _modules["middle_block.0"] = ("mid_block.resnets.0", LdmNames.Resnet);
        _modules["middle_block.1"] = ("mid_block.attentions.0", []);
        _modules["middle_block.2"] = ("mid_block.resnets.1", LdmNames.Resnet);
    }

    private void WalkUp()
    {
        for (int i = 0, level = 0, layer = 0; Has($"output_blocks.{i}.0"); i++)
        {
            _modules[$"output_blocks.{i}.0"] = ($"up_blocks.{level}.resnets.{layer}", LdmNames.Resnet);
            int resize = Has($"output_blocks.{i}.1.conv") ? 1 : Has($"output_blocks.{i}.2.conv") ? 2 : 0;
            if (resize != 1) _modules[$"output_blocks.{i}.1"] = ($"up_blocks.{level}.attentions.{layer}", []);
            layer++;
            if (resize == 0) continue;
            _modules[$"output_blocks.{i}.{resize}"] = ($"up_blocks.{level++}.upsamplers.0", LdmNames.Resize);
            layer = 0;
        }
    }

    private bool Has(string module) => _prefixes.Contains(module);

    private string Ours(string name)
    {
        foreach ((string ldm, string ours) in LdmNames.UNetTop)
            if (name.StartsWith(ldm + ".", StringComparison.Ordinal)) return ours + name[ldm.Length..];
        string[] steps = name.Split('.', ModuleDepth);
        foreach (int length in new[] { 3, 2 })
        {
            string module = string.Join('.', steps.Take(length));
            if (steps.Length <= length || !_modules.TryGetValue(module, out var found)) continue;
            string rest = name[(module.Length + 1)..];
            foreach ((string ldm, string ours) in found.Parts)
                if (rest.StartsWith(ldm + ".", StringComparison.Ordinal)) return $"{found.Ours}.{ours}{rest[ldm.Length..]}";
            return found.Parts.Length == 0 ? $"{found.Ours}.{rest}" : name;
        }

        return name;
    }
}
