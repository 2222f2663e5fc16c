namespace LatentDiffusion.Checkpoints;

/// <summary>Assigns the tensors of a LoRA file to the parameters that they patch.</summary>
internal sealed class LoraMatching(
    ITensorSource source,
    IReadOnlyDictionary<string, string> metadata,
    IReadOnlyList<LoraTarget> targets,
    UnknownTensorHandling unknown)
{
    private readonly Dictionary<string, LoraModules> _modules = targets.ToDictionary(t => t.Component, t => new LoraModules(t));
    private readonly Dictionary<(string Component, string Parameter), Found> _found = [];
    private readonly LoraMetadata _settings = new(metadata, targets.Select(t => t.Component));
    private readonly LoraComponent[] _components = [.. targets.Select(t => t.Naming)];
    private readonly List<string> _missing = [], _unexpected = [], _misshaped = [], _ignored = [];

    /// <summary>Names of the tensors that are ignored.</summary>
    public IReadOnlyList<string> Ignored => _ignored;

    /// <summary>Finds all patches.</summary>
    /// <exception cref="CheckpointException">Some names or shapes fit no parameter.</exception>
    /// <exception cref="FormatException">The file is of a kind that is not supported.</exception>
    public IReadOnlyList<LoraPatch> Match(IEnumerable<string> names)
    {
        string[] all = [.. names];
        if (unknown == UnknownTensorHandling.Refuse) UnsupportedAdapter.Refuse(all);
        bool packed = all.Any(PackedLora.IsKey);
        if (packed) PackedLora.Check(metadata);
        Dictionary<string, string[]> order = packed
            ? targets.Where(t => t.Naming.Order is not null).ToDictionary(t => t.Component, t => t.Naming.Order!(t))
            : [];
        foreach (string name in all)
        {
            if (Find(name, order) is not ({ } parameters, var component, var role)) Unknown.Add(name);
            else if (!TryAdd(component, parameters, role, name)) _unexpected.Add(name);
        }

        LoraPatch[] patches = [.. _found.SelectMany(f => Patches(f.Key.Component, f.Key.Parameter, f.Value))];
        if (_missing.Count + _unexpected.Count + _misshaped.Count > 0)
            throw new CheckpointException(source.Path, _missing, _unexpected, _misshaped);
        if (_settings.UsesDora && unknown == UnknownTensorHandling.Refuse && !patches.Any(p => p.Difference is DoraDifference))
            throw new FormatException("Its metadata says that it was trained with DoRA, but the file does not have the trained lengths.");
        return patches;
    }

    private List<string> Unknown => unknown == UnknownTensorHandling.Ignore ? _ignored : _unexpected;

    private (IReadOnlyList<string> Parameters, string Component, string Role)? Find(string name, Dictionary<string, string[]> order)
    {
        if (PackedLora.IsKey(name))
        {
            (string role, string component, string? numbered) = PackedLora.Find(name, order);
            return numbered is null ? null : ([numbered], component, role);
        }

        return _components.Length > 0 && LoraKey.Parse(name, _components) is { } key
            && !IsPlainWeight(name, key.Role) && !IsButterfly(name, key.Role)
            && _modules.TryGetValue(key.Component, out LoraModules? modules)
            && modules.FindAll(key.Module, AdapterRoles.IsOfBias(key.Role)) is { } parameters
            ? (parameters, key.Component, key.Role)
            : null;
    }

    /// <summary>Whether a name is that of a weight itself, not that of (IA)³: a model's file is not an adapter.</summary>
    private bool IsPlainWeight(string name, string role) =>
        role == AdapterRoles.Ia3Weight
        && source.Find(name[..^role.Length] + AdapterRoles.OnInput) is null;

    /// <exception cref="FormatException">The file has such an adapter, and nothing is ignored.</exception>
    private bool IsButterfly(string name, string role)
    {
        if (role != OftDifference.Blocks || source.Find(name)!.Shape.Count != 4) return false;
        return unknown == UnknownTensorHandling.Ignore
            ? true
            : throw new FormatException(
                $"'{MessageText.Truncate(name, 200)}' belongs to BOFT (butterfly orthogonal fine-tuning), which is not supported.");
    }

    /// <summary>Notes a tensor for each parameter of its module; false where one has such a tensor already.</summary>
    private bool TryAdd(string component, IReadOnlyList<string> parameters, string role, string name)
    {
        IReadOnlyDictionary<string, IReadOnlyList<long>> shapes = _modules[component].Target.Shapes;
        long rows = parameters.Sum(parameter => shapes[parameter][0]), first = 0;
        bool added = true;
        foreach (string parameter in parameters)
        {
            if (!_found.TryGetValue((component, parameter), out Found? found))
                _found.Add((component, parameter), found = new Found(new RowRange(first, shapes[parameter][0]), rows));
            added &= found.Rows.Start == first && found.TotalRows == rows && found.Names.TryAdd(role, name);
            first += shapes[parameter][0];
        }

        return added;
    }

    private IEnumerable<LoraPatch> Patches(string component, string parameter, Found found)
    {
        var tensors = new AdapterTensors(source, found.Names)
        {
            DefaultAlpha = _settings.Alpha(component, parameter), IsRankStabilized = _settings.IsRankStabilized(component),
        };
        AdapterKind[] kinds = AdapterKind.Of(tensors);
        if (kinds.Length == 0)
        {
            if (IsLeftOver(component, parameter, tensors)) yield break;
            // Strength or lengths without anything that they are of.
            kinds = [LowRankDifference.Kind];
        }

        var rows = new AdaptedRows(_modules[component].Target.Shapes[parameter], found.Rows, found.TotalRows);
        foreach (AdapterKind kind in kinds)
        {
            if (Create(component, parameter, kind, tensors, rows) is not { } difference) continue;
            if (DoraDifference.Role(tensors) is { } role)
            {
                if (kinds.Length > 1 || difference is not (LowRankDifference or LohaDifference or LokrDifference))
                {
                    _unexpected.Add($"{tensors.Name(role)} (DoRA needs one adapter of LoRA, LoHa or LoKr)");
                    continue;
                }

                if (DoraDifference.Create(tensors, difference, rows) is not { } decomposed)
                {
                    AddMisshaped(component, parameter, "DoRA", $"[{string.Join(", ", tensors.Shape(role))}]", rows);
                    continue;
                }

                difference = decomposed;
            }

            yield return new LoraPatch(component, parameter, difference);
        }
    }

    private WeightDifference? Create(string component, string parameter, AdapterKind kind, AdapterTensors tensors, AdaptedRows rows)
    {
        string[] missing = [.. kind.Missing(tensors)];
        string owner = kind == LowRankDifference.Kind ? "" : $" of {kind.Name}";
        if (DoraDifference.Role(tensors) is { } role) owner = $" of DoRA: '{tensors.Name(role)}'";
        _missing.AddRange(missing.Select(m => $"{component}.{parameter} ({m}{owner})"));
        if (missing.Length > 0) return null;
        if (kind.Create(tensors, rows) is { } difference) return difference;
        AddMisshaped(component, parameter, kind.Name, kind.Describe(tensors), rows);
        return null;
    }

    private void AddMisshaped(string component, string parameter, string kind, string shapes, AdaptedRows rows) => _misshaped.Add(
        $"{component}.{parameter}: {kind} {shapes} in the file, [{string.Join(", ", rows.Shape)}] in the network");

    /// <summary>Whether the numbers of a weight belong to an adapter that is ignored, or to one of the bias only.</summary>
    private bool IsLeftOver(string component, string parameter, AdapterTensors tensors)
    {
        if (DoraDifference.Role(tensors) is not null) return false;
        bool ofBias = parameter.EndsWith(".weight", StringComparison.Ordinal)
            && _found.ContainsKey((component, parameter[..^".weight".Length] + ".bias"));
        if (!ofBias && unknown == UnknownTensorHandling.Refuse) return false;
        _ignored.AddRange(tensors.Roles.Select(tensors.Name));
        return true;
    }

    /// <summary>The tensors of a parameter's patch.</summary>
    /// <param name="Rows">Its rows in the module that the file has.</param>
    /// <param name="TotalRows">Outputs of that module.</param>
    private sealed record Found(RowRange Rows, long TotalRows)
    {
        public Dictionary<string, string> Names { get; } = [];
    }
}
