using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>The library's network of a graph.</summary>
/// <param name="Module">The network; memory for its parameters is allocated and not written.</param>
/// <param name="Evaluate">Evaluates it on inputs by name.</param>
internal sealed record PeerNetwork(nn.Module Module, Func<IReadOnlyDictionary<string, Tensor>, Tensor> Evaluate)
{
    /// <summary>Builds the network from the graph's configuration.</summary>
    public static PeerNetwork Build(PeerGraph graph)
    {
        switch (graph.Model)
        {
            case nameof(UNet2DConditionModel):
                UNet2DConditionModel unet = UNet2DConditionConfig.FromJson(graph.Config).BuildUninitialized();
                return new PeerNetwork(unet, inputs => unet.call(new UNetInput(inputs["sample"], inputs["timestep"], inputs["context"])));
            case nameof(AutoencoderKL):
                AutoencoderKL autoencoder = AutoencoderKLConfig.FromJson(graph.Config).BuildUninitialized();
                return new PeerNetwork(autoencoder, inputs => autoencoder.Decode(inputs["latents"]));
            default:
                throw new NotSupportedException(
                    $"'{graph.Name}' is a graph of {graph.Model}; expected UNet2DConditionModel or AutoencoderKL.");
        }
    }
}
