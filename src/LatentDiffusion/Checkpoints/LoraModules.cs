namespace LatentDiffusion.Checkpoints;

/// <summary>Finds a parameter of a network by the name that a LoRA file gives its module.</summary>
internal sealed class LoraModules
{
    private const string Weight = ".weight", Bias = ".bias";

    private readonly Dictionary<string, string> _parameters;

    public LoraModules(LoraTarget target)
    {
        Target = target;
        _parameters = target.Shapes.Keys
            .Where(name => name.EndsWith(Weight, StringComparison.Ordinal))
            .ToDictionary(name => name[..^Weight.Length].Replace('.', '_'));
    }

    public LoraTarget Target { get; }

    /// <summary>
    /// The published names of the weights or biases of a module, several where the file has them as one; null if the network does not
    /// have them.
    /// </summary>
    /// <param name="module">Name of the module in the file.</param>
    /// <param name="biases">Whether its bias is asked for.</param>
    public IReadOnlyList<string>? FindAll(string module, bool biases = false)
    {
        IReadOnlyList<string>? weights = Find(module) is { } parameter ? [parameter] : Joined(module);
        if (weights is null || !biases) return weights;
        string[] names = [.. weights.Select(name => name[..^Weight.Length] + Bias)];
        return names.All(Target.Shapes.ContainsKey) ? names : null;
    }

    /// <summary>The parameter's published name; null if the network does not have such a module.</summary>
    public string? Find(string module) => new[] { module, $"{module}_0", Target.Naming.CurrentName(module) }
        .Select(name => _parameters.GetValueOrDefault(name))
        .FirstOrDefault(name => name is not null);

    private string[]? Joined(string module)
    {
        if (Target.Naming.JoinedNames(module) is not { } names) return null;
        string[] joined = [.. names.Select(Find).OfType<string>()];
        return joined.Length == names.Count ? joined : null;
    }
}
