using static TorchSharp.torch;

namespace LatentDiffusion;

/// <content>When the tensors are freed.</content>
public sealed partial class Conditioning
{
    private readonly Lock _lock = new();
    private int _uses;
    private bool _disposed;

    /// <summary>Disposes the tensors, as soon as nothing reads them any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
            if (_uses > 0) return;
        }

        Free();
    }

    /// <summary>Keeps the tensors alive, even if the conditioning is disposed meanwhile, until the returned object is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The conditioning is disposed.</exception>
    public IDisposable Hold()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _uses++;
        }

        return new Use(this);
    }

    private void Release()
    {
        lock (_lock)
        {
            if (--_uses > 0 || !_disposed) return;
        }

        Free();
    }

    private void Free()
    {
        HiddenStates.Dispose();
        Pooled?.Dispose();
        Mask?.Dispose();
        foreach (Tensor tensor in Additional.Values) tensor.Dispose();
    }

    /// <summary>A reader of the tensors.</summary>
    private sealed class Use(Conditioning conditioning) : IDisposable
    {
        private Conditioning? _conditioning = conditioning;

        public void Dispose() => Interlocked.Exchange(ref _conditioning, null)?.Release();
    }
}
