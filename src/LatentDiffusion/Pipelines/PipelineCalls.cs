namespace LatentDiffusion;

/// <summary>
/// The calls that a pipeline serves. Closing refuses new ones, cancels running ones, and frees their resources once the last
/// of them has ended: never while one computes.
/// </summary>
/// <param name="owned">Resources to free.</param>
internal sealed class PipelineCalls(IDisposable owned)
{
    private readonly CancellationTokenSource _closing = new();
    private readonly TaskCompletionSource _freed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private int _running;
    private bool _closed;

    /// <summary>Cancelled when the pipeline is disposed.</summary>
    public CancellationToken Closing => _closing.Token;

    /// <exception cref="ObjectDisposedException">The pipeline is disposed.</exception>
    public void ThrowIfClosed() => ObjectDisposedException.ThrowIf(_closed, typeof(DiffusionPipeline));

    /// <summary>Begins a call, which ends when the result is disposed.</summary>
    /// <exception cref="ObjectDisposedException">The pipeline is disposed.</exception>
    public Call Begin()
    {
        lock (_lock)
        {
            ThrowIfClosed();
            _running++;
        }

        return new Call(this);
    }

    /// <summary>Refuses further calls and cancels those that run.</summary>
    /// <returns>Completed when all have ended and their resources are freed.</returns>
    public Task Close()
    {
        bool idle;
        lock (_lock)
        {
            if (_closed) return _freed.Task;
            _closed = true;
            idle = _running == 0;
        }

        // On another thread: whatever waits for a cancelled call must not run in the middle of Dispose.
        _ = _closing.CancelAsync();
        if (idle) Free();
        return _freed.Task;
    }

    private void End()
    {
        lock (_lock)
        {
            if (--_running > 0 || !_closed) return;
        }

        Free();
    }

    private void Free()
    {
        try
        {
            owned.Dispose();
            _freed.SetResult();
        }
        catch (Exception e)
        {
            _freed.SetException(e);
        }
    }

    /// <summary>A call. To be disposed once.</summary>
    internal readonly struct Call(PipelineCalls calls) : IDisposable
    {
        public void Dispose() => calls.End();
    }
}
