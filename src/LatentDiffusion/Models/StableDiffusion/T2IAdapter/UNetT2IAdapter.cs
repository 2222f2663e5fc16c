using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>A T2I-Adapter of a U-Net. Computes in its network's precision.</summary>
/// <param name="network">The network, which it owns.</param>
internal sealed class UNetT2IAdapter(T2IAdapterModel network) : IT2IAdapter
{
    private readonly ScalarType _type = NetworkUse.TypeOf(network);

    public T2IAdapterDescription Description { get; } =
        new(network.Config.InChannels, network.Config.DownscaleFactor, network.Config.Features);

    public IReadOnlyList<Tensor> Evaluate(Tensor image)
    {
        using IDisposable noGrad = no_grad();
        using Tensor typed = image.to(_type);
        return network.call(typed);
    }

    public bool TryMoveTo(Device device)
    {
        ModuleDevice.Move(network, device);
        return true;
    }

    public void Dispose() => network.Dispose();
}
