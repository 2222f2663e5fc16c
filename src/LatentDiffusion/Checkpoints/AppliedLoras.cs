using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Low-rank patches added to the weights of a pipeline's networks, together with the original weights, so that removing the
/// patches restores them bit for bit. Must not be used while one of the networks runs.
/// </summary>
/// <param name="networks">Parameters by published name, by component (<see cref="ComponentNames"/>).</param>
internal sealed class AppliedLoras(IReadOnlyDictionary<string, IReadOnlyDictionary<string, Tensor>> networks) : IDisposable
{
    private readonly Dictionary<(string Component, string Parameter), Tensor> _originals = [];
    private readonly List<StoredMatrix> _changed = [];

    /// <summary>
    /// The weights that are kept as stored, by component. Patches are added to what they give; they stay as they are. Default none.
    /// </summary>
    internal IReadOnlyDictionary<string, IReadOnlyDictionary<string, PackedLayer>> Stored { get; init; } =
        new Dictionary<string, IReadOnlyDictionary<string, PackedLayer>>();

    /// <summary>
    /// Replaces all applied patches: each weight becomes W + Σ scale·ΔW, computed in float32 or wider. Each ΔW is of the original W, so
    /// that the order of the files does not matter.
    /// </summary>
    /// <param name="loras">Files with their scales, 1 as trained; none removes all patches.</param>
    /// <exception cref="ArgumentException">A file patches a component that is not among the networks; nothing is changed.</exception>
    /// <exception cref="CheckpointException">A file can no longer be read; all patches are removed.</exception>
    public void Set(params IReadOnlyList<(LoraFile File, double Weight)> loras)
    {
        ArgumentNullException.ThrowIfNull(loras);
        var patches = loras
            .SelectMany(lora => lora.File.Patches.Select(patch => (lora.File, lora.Weight, Patch: patch)))
            .GroupBy(p => (p.Patch.Component, p.Patch.Parameter))
            .ToList();
        foreach (var group in patches) _ = Parameter(group.Key);
        Clear();
        try
        {
            foreach (var group in patches) Add(group.Key, [.. group]);
        }
        catch
        {
            Clear();
            throw;
        }
    }

    /// <summary>Removes all patches, restoring the original weights bit for bit.</summary>
    public void Clear()
    {
        using var noGradient = no_grad();
        foreach ((var key, Tensor original) in _originals)
        {
            // A disposed network does not have weights to restore.
            if (Parameter(key) is { IsInvalid: false } parameter)
            {
                using Tensor plain = parameter.detach();
                plain.copy_(original);
            }

            original.Dispose();
        }

        _originals.Clear();
        foreach (StoredMatrix matrix in _changed) matrix.SetTerms([]);
        _changed.Clear();
    }

    /// <summary>Removes all patches.</summary>
    public void Dispose() => Clear();

    private void Add((string Component, string Parameter) key, (LoraFile File, double Weight, LoraPatch Patch)[] patches)
    {
        if (Stored.TryGetValue(key.Component, out var layers) && layers.TryGetValue(key.Parameter, out PackedLayer? layer))
        {
            _changed.Add(layer.Stored!);
            layer.Stored!.SetTerms([.. patches.Select(p => p.File.Factors(p.Patch, p.Weight))]);
            return;
        }

        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        Tensor parameter = Parameter(key).detach();
        _originals.Add(key, parameter.clone().DetachFromDisposeScope());
        ScalarType wide = parameter.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;

        // Cloned, because a weight of this type on the CPU would otherwise be the parameter itself.
        Tensor sum = parameter.to(wide).cpu().clone(), original = parameter.to(ScalarType.Float32).cpu();
        foreach ((_, double weight, LoraPatch patch) in patches) sum.AddInPlace(LoraFile.Delta(patch, original), weight);
        parameter.copy_(sum);
    }

    private Tensor Parameter((string Component, string Name) key) =>
        networks.TryGetValue(key.Component, out var parameters) && parameters.TryGetValue(key.Name, out Tensor? parameter)
            ? parameter
            : throw new ArgumentException($"The networks have no parameter '{key.Name}' of '{key.Component}'.");
}
