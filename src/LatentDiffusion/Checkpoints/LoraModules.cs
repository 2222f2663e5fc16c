namespace LatentDiffusion.Checkpoints;

/// <summary>Finds a parameter of a network by the name that a LoRA file gives its module.</summary>
internal sealed class LoraModules
{
    private const string Weight = ".weight";

    private readonly Dictionary<string, string> _parameters;

    public LoraModules(LoraTarget target)
    {
        Target = target;
        _parameters = target.Shapes.Keys
            .Where(name => name.EndsWith(Weight, StringComparison.Ordinal))
            .ToDictionary(name => name[..^Weight.Length].Replace('.', '_'));
    }

    public LoraTarget Target { get; }

    /// <summary>The parameter's published name; null if the network does not have such a module.</summary>
    public string? Find(string module) => new[] { module, $"{module}_0", Target.Naming.CurrentName(module) }
        .Select(name => _parameters.GetValueOrDefault(name))
        .FirstOrDefault(name => name is not null);
}
