namespace LatentDiffusion;

/// <summary>The upscalers of a pipeline by name: those of the builder, and those without a network.</summary>
internal sealed class PipelineUpscalers : IDisposable
{
    private readonly List<(string Name, IImageUpscaler Upscaler)> _added = [];
    private readonly List<IDisposable> _owned = [];

    /// <summary>Those of the builder.</summary>
    public IReadOnlyList<IImageUpscaler> Added => [.. _added.Select(u => u.Upscaler)];

    /// <summary>Their names.</summary>
    public IReadOnlyList<string> AddedNames => [.. _added.Select(u => u.Name)];

    /// <summary>Those of the builder and those without a network, by their names.</summary>
    public IReadOnlyDictionary<string, IImageUpscaler> All => new OrderedDictionary<string, IImageUpscaler>(
        _added.Concat(KnownUpscalers.All.Select(known => (known.Name, Upscaler: known)))
            .Select(named => KeyValuePair.Create(named.Name, named.Upscaler)),
        StringComparer.OrdinalIgnoreCase);

    /// <summary>The name for requests without one.</summary>
    public string DefaultName => _added is [var (name, _), ..] ? name : KnownUpscalers.Lanczos.Name;

    /// <summary>Opens an upscaler.</summary>
    /// <exception cref="InvalidOperationException">Another upscaler has its name.</exception>
    public void Open(UpscalerChoice choice, PipelineAssembly assembly)
    {
        (IImageUpscaler upscaler, IDisposable? owned) = choice.Open(assembly);
        if (owned is not null) _owned.Add(owned);
        string name = choice.Name ?? upscaler.Name;
        if (Find(name) is not null)
            throw new InvalidOperationException($"Two upscalers are named '{name}'; expected distinct names (UseUpscaler).");
        _added.Add((name, upscaler));
    }

    /// <summary>The upscaler of a name; null for none.</summary>
    public IImageUpscaler? Find(string name)
    {
        IImageUpscaler? added = _added.FirstOrDefault(u => u.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Upscaler;
        return added ?? (KnownUpscalers.TryGet(name, out IImageUpscaler? known) ? known : null);
    }

    /// <exception cref="ArgumentException">No upscaler has this name; the message lists the names.</exception>
    public void Check(string setting, string? name)
    {
        if (name is null) return;
        string names = string.Join(", ", [.. AddedNames, .. KnownUpscalers.All.Select(u => u.Name)]);
        RequestValidator.Check(Find(name) is not null, $"{setting}.Upscaler", $"'{MessageText.Truncate(name, 100)}'", $"one of {names}");
    }

    public void Dispose()
    {
        foreach (IDisposable owned in _owned) owned.Dispose();
    }
}
