using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Tensors that several threads read, and that are freed when their owner and all readers are done with them.</summary>
/// <param name="tensors">The tensors, outside of dispose scopes.</param>
internal sealed class SharedTensors(IReadOnlyList<Tensor> tensors) : IDisposable
{
    private int _users = 1;

    /// <summary>Keeps the tensors until the result is disposed.</summary>
    public Use Take()
    {
        Interlocked.Increment(ref _users);
        return new Use(this);
    }

    /// <summary>Ends the owner's use.</summary>
    public void Dispose()
    {
        if (Interlocked.Decrement(ref _users) > 0) return;
        foreach (Tensor tensor in tensors) tensor.Dispose();
    }

    private IReadOnlyList<Tensor> Tensors => tensors;

    /// <summary>One reader's use.</summary>
    internal readonly struct Use(SharedTensors shared) : IDisposable
    {
        private readonly SharedTensors _shared = shared;

        public IReadOnlyList<Tensor> Tensors => _shared.Tensors;

        public void Dispose() => _shared.Dispose();
    }
}
