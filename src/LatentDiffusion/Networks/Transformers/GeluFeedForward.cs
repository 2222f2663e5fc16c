using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>The feed-forward of a transformer block: GELU with the tanh approximation between two linear layers.</summary>
internal sealed class GeluFeedForward : nn.Module<Tensor, Tensor>
{
    // The published names are net.0.proj and net.2, with a dropout without parameters at net.1.
    [ComponentName(Name = "net")] private readonly LayerList<nn.Module<Tensor, Tensor>> _net;

    /// <param name="layers">Makes the layers.</param>
    /// <param name="width">Width of the tokens.</param>
    /// <param name="hidden">Width between the layers; null for four times that of the tokens.</param>
    public GeluFeedForward(LayerFactory layers, long width, long? hidden = null) : base(NativeModule.Create(nameof(GeluFeedForward)), 0)
    {
        long inner = hidden ?? 4 * width;
        _net = new LayerList<nn.Module<Tensor, Tensor>>(
            new Projection(layers, width, inner), new TrainingDropout(0), layers.Linear(inner, width));
        RegisterComponents();
    }

    /// <param name="input">[…, width].</param>
    public override Tensor forward(Tensor input) => _net[0].call(input).Into(_net[2].call);

    private sealed class Projection : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = "proj")] private readonly LinearLayer _projection;

        public Projection(LayerFactory layers, long width, long hidden) : base(NativeModule.Create(nameof(Projection)), 0)
        {
            _projection = layers.Linear(width, hidden);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input) => _projection.call(input).Into(Activations.GeluTanh);
    }
}
