using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The embedding of one timestep and its projections in all residual blocks. They depend only on the timestep, so that all
/// evaluations of a generation at that timestep share them. Belongs to one generation.
/// </summary>
internal sealed class TimeProjections : IDisposable
{
    private readonly Dictionary<nn.Module, Tensor> _blocks = new(ReferenceEqualityComparer.Instance);
    private Tensor? _embedding;

    /// <summary>The embedding, computed at the first call.</summary>
    public Tensor Embedding(Func<Tensor> compute) => (_embedding ??= compute().DetachFromDisposeScope()).alias();

    /// <summary>The projection of a block, computed at its first call.</summary>
    public Tensor GetOrAdd(nn.Module block, Func<Tensor> compute)
    {
        if (!_blocks.TryGetValue(block, out Tensor? known)) _blocks.Add(block, known = compute().DetachFromDisposeScope());
        return known.alias();
    }

    public void Dispose()
    {
        _embedding?.Dispose();
        _embedding = null;
        foreach (Tensor projection in _blocks.Values) projection.Dispose();
        _blocks.Clear();
    }
}
