using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Runtime;

/// <summary>Networks from one device to another.</summary>
internal static class ModuleDevice
{
    /// <summary>Moves parameters and buffers, which are new tensors then; the old ones are disposed. Waits for calls that read them.</summary>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public static void Move(nn.Module network, Device device)
    {
        using NetworkUse weights = NetworkUse.ToChange(network);
        // TorchSharp leaves some of what it copies, and the tables of embeddings, to the garbage collector.
        using DisposeScope scope = NewDisposeScope();
        Tensor[] before = [.. network.parameters(), .. network.buffers()];
        // With its type: told the device alone, a module believes its own note of where it is, and networks whose layers
        // were given their memory on another device (LayerFactory) do not move.
        network.to(device, network.parameters().First().dtype);
        var after = new HashSet<Tensor>(network.parameters().Concat(network.buffers()), ReferenceEqualityComparer.Instance);
        foreach (Tensor old in before.Where(t => !after.Contains(t))) old.Dispose();
    }
}
