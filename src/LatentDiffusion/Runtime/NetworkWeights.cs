using static TorchSharp.torch;

namespace LatentDiffusion.Runtime;

/// <summary>The lock on a network's weights, and their current form.</summary>
/// <remarks>
/// The form changes only under the exclusive lock, so that it stays the same while the network is read.
/// </remarks>
internal sealed class NetworkWeights
{
    // Networks whose parameters the library reads on this thread.
    [ThreadStatic] private static List<NetworkWeights>? s_borrowed;

    private PackedLayer[]? _layers;
    private int _pins;

    // A wrapper and the network that it calls read the same weights.
    public ReaderWriterLockSlim Lock { get; } = new(LockRecursionPolicy.SupportsRecursion);

    public bool AreFreed { get; set; }

    /// <summary>Whether evaluations without gradients pack weights at their first use.</summary>
    public bool IsInferenceForm { get; private set; }

    /// <summary>Whether this thread evaluates the network, in the inference form. That stays the form until the evaluation ends.</summary>
    public bool IsEvaluatedPacked => IsInferenceForm && Lock.IsReadLockHeld;

    /// <summary>Whether this thread holds the network, in the plain form: all parameters have their values until it lets go.</summary>
    public bool IsHeldPlain => !IsInferenceForm && (Lock.IsReadLockHeld || Lock.IsWriteLockHeld);

    /// <summary>Whether the library reads the parameters on this thread, and keeps none.</summary>
    public bool IsBorrowed => s_borrowed?.Contains(this) == true;

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
        // A layer belongs to one network: for a module that contains that network it computes in the plain form.
        foreach (PackedLayer layer in layers) layer.Network ??= this;
        return _layers = layers;
    }

    /// <summary>Takes the read lock, in the inference form if it applies to this evaluation, otherwise in the plain form.</summary>
    public void EnterToEvaluate(nn.Module network)
    {
        Enter(() => InferenceForm.Applies(network, Layers(network)));
        // The backward pass reads the weights at any time after the evaluation. While the network is pinned they stay anyway.
        if (AreFreed || !is_grad_enabled() || Volatile.Read(ref _pins) > 0) return;
        foreach (PackedLayer layer in Layers(network)) layer.Expose();
    }

    /// <summary>Lends the parameters to this thread, which holds the network; not within an evaluation in the inference form.</summary>
    public bool TryBorrow(nn.Module network)
    {
        Layers(network);
        if (IsInferenceForm) return false;
        (s_borrowed ??= []).Add(this);
        return true;
    }

    /// <summary>Ends what <see cref="TryBorrow"/> began.</summary>
    public void Return() => s_borrowed!.Remove(this);

    /// <summary>Takes the read lock in the plain form, to read the parameters.</summary>
    public void EnterToRead() => Enter(() => false);

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

    /// <param name="appliesInference">Whether to take the inference form. Asked while the lock is held, as it reads the network.</param>
    private void Enter(Func<bool> appliesInference)
    {
        bool isNested = Lock.IsReadLockHeld || Lock.IsWriteLockHeld;
        Lock.EnterReadLock();
        // Within another use on the same thread the form stays: layers serve every evaluation in both.
        if (AreFreed || isNested) return;
        bool inference;
        try
        {
            inference = appliesInference() && Volatile.Read(ref _pins) == 0;
        }
        catch
        {
            Lock.ExitReadLock();
            throw;
        }

        if (IsInferenceForm == inference) return;
        Lock.ExitReadLock();
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
