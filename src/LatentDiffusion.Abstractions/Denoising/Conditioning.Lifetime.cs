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

    /// <summary>Keeps the tensors until the result is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The conditioning is disposed.</exception>
    internal Use Hold()
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
        Size?.Dispose();
    }

    /// <summary>Someone who reads the tensors. To be disposed once.</summary>
    internal readonly struct Use(Conditioning conditioning) : IDisposable
    {
        public void Dispose() => conditioning.Release();
    }
}
