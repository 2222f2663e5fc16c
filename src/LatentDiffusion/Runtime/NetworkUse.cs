using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// Keeps a network's weights where they are while a call reads them. libtorch does not: a weight freed while an operator
/// reads it ends the process. Calls that read share the network; whatever moves, patches or frees its weights waits for them
/// and then has the network to itself.
/// </summary>
internal readonly struct NetworkUse : IDisposable
{
    // By network, because an encoder, a denoiser or an autoencoder is only one of several ways to reach the same one.
    private static readonly ConditionalWeakTable<nn.Module, Weights> s_weights = [];

    private readonly ReaderWriterLockSlim _lock;
    private readonly bool _exclusive;

    private NetworkUse(nn.Module network, bool exclusive)
    {
        Weights weights = s_weights.GetOrCreateValue(network);
        (_lock, _exclusive) = (weights.Lock, exclusive);
        if (exclusive) _lock.EnterWriteLock();
        else _lock.EnterReadLock();
        if (!weights.AreFreed) return;
        Dispose();
        throw new ObjectDisposedException(network.GetType().Name);
    }

    /// <summary>Reads the weights until the result is disposed, on the same thread.</summary>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public static NetworkUse Of(nn.Module network) => new(network, exclusive: false);

    /// <summary>Changes the weights until the result is disposed, on the same thread: waits for the calls that read them.</summary>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public static NetworkUse ToChange(nn.Module network) => new(network, exclusive: true);

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

    /// <summary>Where a network's weights are.</summary>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public static Device DeviceOf(nn.Module network)
    {
        using NetworkUse weights = Of(network);
        return network.parameters().First().device;
    }

    /// <summary>The type of a network's weights, in which it computes.</summary>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public static ScalarType TypeOf(nn.Module network)
    {
        using NetworkUse weights = Of(network);
        return network.parameters().First().dtype;
    }

    /// <summary>Bytes of a number of a type that networks compute in.</summary>
    public static int SizeOf(ScalarType type) => type switch { ScalarType.Float64 => 8, ScalarType.Float32 => 4, _ => 2 };

    /// <summary>Frees the weights, once, after the calls that read them.</summary>
    public static void Free(nn.Module network, Action free)
    {
        Weights weights = s_weights.GetOrCreateValue(network);
        weights.Lock.EnterWriteLock();
        try
        {
            if (!weights.AreFreed) free();
            weights.AreFreed = true;
        }
        finally
        {
            weights.Lock.ExitWriteLock();
        }
    }

    public void Dispose()
    {
        if (_exclusive) _lock.ExitWriteLock();
        else _lock.ExitReadLock();
    }

    private sealed class Weights
    {
        // A wrapper reads what its network, called by it, reads again.
        public ReaderWriterLockSlim Lock { get; } = new(LockRecursionPolicy.SupportsRecursion);

        public bool AreFreed { get; set; }
    }
}
