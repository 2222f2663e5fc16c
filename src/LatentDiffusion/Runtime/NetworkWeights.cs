using static TorchSharp.torch;

namespace LatentDiffusion.Runtime;

/// <summary>Who uses a network's weights, and which form they have.</summary>
/// <remarks>
/// The form changes only while the network is held exclusively: whoever holds it to read finds the same form until the end.
/// </remarks>
internal sealed class NetworkWeights
{
    private PackedLayer[]? _layers;
    private int _pins;

    // A wrapper reads what its network, called by it, reads again.
    public ReaderWriterLockSlim Lock { get; } = new(LockRecursionPolicy.SupportsRecursion);

    public bool AreFreed { get; set; }

    /// <summary>Whether weights are packed at their first use, and the parameters' own values then freed.</summary>
    public bool IsInferenceForm { get; private set; }

    /// <summary>Keeps the network in the plain form until as many calls of <see cref="Unpin"/>.</summary>
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

    /// <summary>Holds the network to read, in the inference form where it applies to this evaluation, else in the plain form.</summary>
    public void EnterToEvaluate(nn.Module network) => Enter(InferenceForm.Applies(network, Layers(network)));

    /// <summary>Holds the network to read its parameters.</summary>
    public void EnterToRead() => Enter(inference: false);

    /// <summary>Gives the parameters their values back, after the evaluations that use them packed.</summary>
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
        // Within another evaluation of this thread the form is that one's; the plain form serves any.
        if (IsInferenceForm == inference || AreFreed || (isNested && inference)) return;
        Lock.ExitReadLock();
        if (isNested)
        {
            throw new InvalidOperationException(
                "Within an evaluation without gradients, a network's parameters cannot be read nor gradients computed.");
        }

        Lock.EnterWriteLock();
        try
        {
            Take(inference);
            // Held before the exclusive use ends, so that the form stays.
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
