using static TorchSharp.torch;

namespace LatentDiffusion.Runtime;

/// <summary>The lock on a network's weights, and their current form.</summary>
/// <remarks>
/// The form changes only under the exclusive lock, so that it stays the same while the network is read.
/// </remarks>
internal sealed class NetworkWeights
{
    private PackedLayer[]? _layers;
    private int _pins;

    // A wrapper and the network that it calls read the same weights.
    public ReaderWriterLockSlim Lock { get; } = new(LockRecursionPolicy.SupportsRecursion);

    public bool AreFreed { get; set; }

    /// <summary>Whether weights are packed at their first use, and the values of the parameters are then freed.</summary>
    public bool IsInferenceForm { get; private set; }

    /// <summary>Keeps the network in the plain form until <see cref="Unpin"/> was called as many times.</summary>
    public void Pin()
    {
        Interlocked.Increment(ref _pins);
        LeaveInferenceForm();
    }

    /// <inheritdoc cref="Pin"/>
    public void Unpin() => Interlocked.Decrement(ref _pins);

    /// <summary>The library's layers of a network.</summary>
    public IReadOnlyList<PackedLayer> Layers(nn.Module network)
    {
        if (_layers is not null) return _layers;
        PackedLayer[] layers = [.. network.modules().OfType<PackedLayer>()];
        foreach (PackedLayer layer in layers) layer.Network = this;
        return _layers = layers;
    }

    /// <summary>Takes the read lock, in the inference form if it applies to this evaluation, otherwise in the plain form.</summary>
    public void EnterToEvaluate(nn.Module network) => Enter(InferenceForm.Applies(network, Layers(network)));

    /// <summary>Takes the read lock in the plain form, to read the parameters.</summary>
    public void EnterToRead() => Enter(inference: false);

    /// <summary>Waits for evaluations that use the packed weights, and then restores the values of the parameters.</summary>
    public void LeaveInferenceForm()
    {
        if (!IsInferenceForm) return;
        Lock.EnterWriteLock();
        try
        {
            Take(inference: false);
        }
        finally
        {
            Lock.ExitWriteLock();
        }
    }

    private void Enter(bool inference)
    {
        inference &= Volatile.Read(ref _pins) == 0;
        bool isNested = Lock.IsReadLockHeld || Lock.IsWriteLockHeld;
        Lock.EnterReadLock();
        // An inner evaluation of the same thread uses the form of the outer one. The plain form serves every evaluation.
        if (IsInferenceForm == inference || AreFreed || (isNested && inference)) return;
        Lock.ExitReadLock();
        if (isNested)
        {
            throw new InvalidOperationException(
                "Within an evaluation without gradients, a network's parameters cannot be read and gradients cannot be computed.");
        }

        Lock.EnterWriteLock();
        try
        {
            Take(inference);
            // Taken before the write lock is released, so that the form stays.
            Lock.EnterReadLock();
        }
        finally
        {
            Lock.ExitWriteLock();
        }
    }

    private void Take(bool inference)
    {
        if (AreFreed) return;
        IsInferenceForm = inference && Volatile.Read(ref _pins) == 0;
        if (IsInferenceForm) return;
        foreach (PackedLayer layer in _layers ?? []) layer.Unpack();
    }
}
