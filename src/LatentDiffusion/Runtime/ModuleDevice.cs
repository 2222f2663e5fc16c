using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Runtime;

/// <summary>Moves networks between devices.</summary>
internal static class ModuleDevice
{
    /// <summary>
    /// Moves parameters and buffers, which are replaced by new tensors; the old ones are disposed. Waits for calls that read them.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public static void Move(nn.Module network, Device device)
    {
        using NetworkUse weights = NetworkUse.ToChange(network);
        if (StoredLayers.Any(network))
        {
            if (device.type == DeviceType.CPU) return;
            throw new NotSupportedException($"Weights as stored stay on the CPU; the network cannot be moved to {device}.");
        }

        // TorchSharp leaves some of its copies, and the tables of embeddings, to the garbage collector.
        using DisposeScope scope = NewDisposeScope();
        Tensor[] before = [.. network.parameters(), .. network.buffers()];
        // With the type, because given only a device, a module relies on its recorded device, and networks whose layers were
        // allocated on another device (LayerFactory) do not move.
        network.to(device, network.parameters().First().dtype);
        var after = new HashSet<Tensor>(network.parameters().Concat(network.buffers()), ReferenceEqualityComparer.Instance);
        foreach (Tensor old in before.Where(t => !after.Contains(t))) old.Dispose();
    }
}
