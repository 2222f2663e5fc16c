using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>Assigns the tensors of a LoRA file to the parameters that they patch.</summary>
internal sealed class LoraMatching(
    ITensorSource source,
    IReadOnlyDictionary<string, string> metadata,
    IReadOnlyList<LoraTarget> targets,
    UnknownTensorHandling unknown)
{
    private readonly Dictionary<string, LoraModules> _modules = targets.ToDictionary(t => t.Component, t => new LoraModules(t));
    private readonly Dictionary<(string Component, string Parameter), Dictionary<LoraKey.Part, string>> _found = [];
    private readonly LoraMetadata _settings = new(metadata, targets.Select(t => t.Component), unknown);
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
            if (Find(name, order) is not ({ } parameter, var component, var role)) Unknown.Add(name);
            else if (!Parts(component, parameter).TryAdd(role, name)) _unexpected.Add(name);
        }

        LoraPatch[] patches = [.. _found.Select(f => Patch(f.Key.Component, f.Key.Parameter, f.Value)).OfType<LoraPatch>()];
        return _missing.Count + _unexpected.Count + _misshaped.Count == 0
            ? patches
            : throw new CheckpointException(source.Path, _missing, _unexpected, _misshaped);
    }

    private List<string> Unknown => unknown == UnknownTensorHandling.Ignore ? _ignored : _unexpected;

    private (string Parameter, string Component, LoraKey.Part Role)? Find(string name, Dictionary<string, string[]> order)
    {
        if (PackedLora.IsKey(name))
        {
            (LoraKey.Part role, string component, string? numbered) = PackedLora.Find(name, order);
            return numbered is null ? null : (numbered, component, role);
        }

        return _components.Length > 0 && LoraKey.Parse(name, _components) is { } key
            && _modules.TryGetValue(key.Component, out LoraModules? modules)
            && modules.Find(key.Module) is { } parameter
            ? (parameter, key.Component, key.Role)
            : null;
    }

    private Dictionary<LoraKey.Part, string> Parts(string component, string parameter)
    {
        if (!_found.TryGetValue((component, parameter), out var parts)) _found.Add((component, parameter), parts = []);
        return parts;
    }

    private LoraPatch? Patch(string component, string parameter, Dictionary<LoraKey.Part, string> parts)
    {
        // The strength of another kind of adapter.
        if (unknown == UnknownTensorHandling.Ignore && parts.Count == 1 && parts.TryGetValue(LoraKey.Part.Alpha, out string? strength))
        {
            _ignored.Add(strength);
            return null;
        }

        string? up = Tensor(LoraKey.Part.Up), down = Tensor(LoraKey.Part.Down);
        string? mid = parts.GetValueOrDefault(LoraKey.Part.Mid);
        if (up is null || down is null) return null;
        IReadOnlyList<long> shape = _modules[component].Target.Shapes[parameter];
        IReadOnlyList<long> upShape = source.Find(up)!.Shape, downShape = source.Find(down)!.Shape;
        if (!Fits(upShape, downShape, mid is null ? null : source.Find(mid)!.Shape, shape))
        {
            string found = $"[{string.Join(", ", upShape)}] and [{string.Join(", ", downShape)}]";
            _misshaped.Add($"{component}.{parameter}: {found} in the file, [{string.Join(", ", shape)}] in the network");
            return null;
        }

        long rank = downShape[0];
        double alpha = parts.TryGetValue(LoraKey.Part.Alpha, out string? name)
            ? Alpha(name)
            : _settings.Alpha(component, parameter) ?? rank;
        double divisor = _settings.IsRankStabilized(component) ? Math.Sqrt(rank) : rank;
        return new LoraPatch(component, parameter, up, down, mid, rank, alpha, alpha / divisor);

        string? Tensor(LoraKey.Part role)
        {
            if (parts.TryGetValue(role, out string? found)) return found;
            _missing.Add($"{component}.{parameter} ({role.ToString().ToLowerInvariant()})");
            return null;
        }
    }

    /// <summary>Whether up·down, with the kernel between, has the outputs, inputs and kernel of the parameter.</summary>
    private static bool Fits(
        IReadOnlyList<long> up,
        IReadOnlyList<long> down,
        IReadOnlyList<long>? mid,
        IReadOnlyList<long> parameter)
    {
        if (up.Count < 2 || down.Count < 2 || parameter.Count < 2) return false;
        long rank = down[0];
        IReadOnlyList<long> kernelHolder = mid ?? down;
        return rank > 0
            && up[1] == rank && up[0] == parameter[0] && IsPoint(up)
            && down[1] == parameter[1] && (mid is null || IsPoint(down))
            && (mid is null || (mid.Count == 4 && parameter.Count == 4 && mid[0] == rank && mid[1] == rank))
            && (Kernel(kernelHolder).SequenceEqual(Kernel(parameter)) || (IsPoint(kernelHolder) && IsPoint(parameter)));

        static IEnumerable<long> Kernel(IReadOnlyList<long> shape) => shape.Skip(2);

        static bool IsPoint(IReadOnlyList<long> shape) => Kernel(shape).All(d => d == 1);
    }

    private double Alpha(string name)
    {
        if (source.Find(name)!.Shape.Any(d => d != 1)) throw new FormatException($"'{name}' is not one number.");
        using Tensor tensor = source.Read(name), number = tensor.to(ScalarType.Float64);
        double alpha = number.item<double>();
        return double.IsFinite(alpha) ? alpha : throw new FormatException($"'{name}' is not a finite number.");
    }
}
