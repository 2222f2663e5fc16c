using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Networks whose parameters need no gradients until it is disposed; then as before.</summary>
internal sealed class FrozenNetworks : IDisposable
{
    private readonly Dictionary<nn.Module, bool[]> _trainable = [];

    public FrozenNetworks(IEnumerable<nn.Module> networks)
    {
        foreach (nn.Module network in networks.Distinct())
        {
            using NetworkUse weights = NetworkUse.ToRead(network);
            Parameter[] parameters = [.. network.parameters()];
            _trainable.Add(network, [.. parameters.Select(p => p.requires_grad)]);
            foreach (Parameter parameter in parameters) parameter.requires_grad = false;
        }
    }

    public void Dispose()
    {
        foreach ((nn.Module network, bool[] trainable) in _trainable)
        {
            using NetworkUse weights = NetworkUse.ToRead(network);
            foreach ((Parameter parameter, bool needs) in network.parameters().Zip(trainable)) parameter.requires_grad = needs;
        }

        _trainable.Clear();
    }
}
