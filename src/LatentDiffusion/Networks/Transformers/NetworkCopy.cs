using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Copies the weights of networks.</summary>
internal static class NetworkCopy
{
    /// <summary>A network with the same weights, on the same device.</summary>
    /// <param name="network">The network.</param>
    /// <param name="build">Builds an uninitialized network of the same configuration.</param>
    public static T Copy<T>(this T network, Func<LayerFactory, T> build) where T : nn.Module
    {
        using NetworkUse use = NetworkUse.ToRead(network);
        Tensor first = network.parameters().First();
        T copy = build(LayerFactory.Uninitialized(first.device, first.dtype));
        using IDisposable noGrad = no_grad();
        Dictionary<string, Tensor> values = network.state_dict();
        using NetworkUse copied = NetworkUse.ToChange(copy);
        foreach ((string name, Tensor parameter) in copy.state_dict()) parameter.copy_(values[name]);
        copy.train(network.training);
        return copy;
    }
}
