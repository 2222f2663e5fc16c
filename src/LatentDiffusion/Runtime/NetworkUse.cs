using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace LatentDiffusion.Runtime;

/// <summary>
/// Protects a network's weights while a call reads them. libtorch does not: a weight freed while an operator reads it ends the
/// process. Reading calls share the network; calls that move, patch or free its weights wait for them and then have exclusive
/// access.
/// </summary>
internal readonly struct NetworkUse : IDisposable
{
    // Keyed by network, because encoders, denoisers and autoencoders can wrap the same one.
    private static readonly ConditionalWeakTable<nn.Module, NetworkWeights> s_weights = [];

    private readonly NetworkWeights _weights;
    private readonly bool _isExclusive, _borrows;

    private NetworkUse(nn.Module network, Purpose purpose)
    {
        (_weights, _isExclusive) = (s_weights.GetOrCreateValue(network), purpose == Purpose.Change);
        switch (purpose)
        {
            case Purpose.Description:
                _weights.Lock.EnterReadLock();
                break;
            case Purpose.Reading:
                _weights.EnterToRead();
                break;
            case Purpose.Evaluation:
                _weights.EnterToEvaluate(network);
                break;
            default:
                _weights.Lock.EnterWriteLock();
                break;
        }

        if (_weights.AreFreed)
        {
            Dispose();
            throw new ObjectDisposedException(network.GetType().Name);
        }

        if (_isExclusive) _weights.LeaveInferenceForm();
        if (purpose is Purpose.Reading or Purpose.Change) _borrows = _weights.TryBorrow(network);
    }

    private enum Purpose
    {
        Description,
        Reading,
        Evaluation,
        Change,
    }

    /// <summary>
    /// Evaluates the network until the result is disposed, on the same thread, in the form that suits: see
    /// <see cref="InferenceForm"/>. Gradients are enabled or disabled before.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public static NetworkUse ToEvaluate(nn.Module network) => new(network, Purpose.Evaluation);

    /// <summary>
    /// Reads the parameters until the result is disposed, on the same thread. The caller keeps none of them: see
    /// <see cref="PackedLayer"/>.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public static NetworkUse ToRead(nn.Module network) => new(network, Purpose.Reading);

    /// <summary>
    /// Changes the weights until the result is disposed, on the same thread: waits for the calls that read them. The caller
    /// keeps none of the parameters.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public static NetworkUse ToChange(nn.Module network) => new(network, Purpose.Change);

    /// <summary>Keeps a network in the plain form while somebody changes or replaces its parameters at any time.</summary>
    public static void Pin(nn.Module network) => s_weights.GetOrCreateValue(network).Pin();

    /// <summary>Ends what <see cref="Pin"/> began.</summary>
    public static void Unpin(nn.Module network) => s_weights.GetOrCreateValue(network).Unpin();

    /// <summary>Changes the weights of several networks at once.</summary>
    /// <exception cref="ObjectDisposedException">One of them is disposed; nothing was changed.</exception>
    public static void Change(ReadOnlySpan<nn.Module> networks, Action change)
    {
        if (networks.IsEmpty)
        {
            change();
            return;
        }

        using NetworkUse weights = ToChange(networks[0]);
        Change(networks[1..], change);
    }

    /// <summary>The device of a network's weights.</summary>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public static Device DeviceOf(nn.Module network)
    {
        using var weights = new NetworkUse(network, Purpose.Description);
        return weights.First(network) is { device_type: not TorchSharp.DeviceType.META } first ? first.device : CPU;
    }

    /// <summary>The type of a network's weights, in which it computes.</summary>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public static ScalarType TypeOf(nn.Module network)
    {
        using var weights = new NetworkUse(network, Purpose.Description);
        return weights.First(network).dtype;
    }

    /// <summary>Bytes per number of a type that networks compute in.</summary>
    public static int SizeOf(ScalarType type) => type switch { ScalarType.Float64 => 8, ScalarType.Float32 => 4, _ => 2 };

    /// <summary>Frees the weights, once, after the calls that read them.</summary>
    public static void Free(nn.Module network, Action free)
    {
        NetworkWeights weights = s_weights.GetOrCreateValue(network);
        weights.Lock.EnterWriteLock();
        try
        {
            if (weights.AreFreed) return;
            weights.AreFreed = true;
            free();
        }
        finally
        {
            weights.Lock.ExitWriteLock();
        }
    }

    public void Dispose()
    {
        if (_borrows) _weights.Return();
        if (_isExclusive) _weights.Lock.ExitWriteLock();
        else _weights.Lock.ExitReadLock();
    }

    // Asking a network for its parameters would take it out of the inference form.
    private Tensor First(nn.Module network) =>
        _weights.Layers(network) is [var layer, ..] ? layer.Weight : network.parameters().First();
}
