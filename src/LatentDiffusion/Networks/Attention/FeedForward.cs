using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The gated feed-forward of a transformer block: (xW + b) ⊙ GELU(xV + c), projected back (Shazeer 2020).</summary>
internal sealed class FeedForward : nn.Module<Tensor, Tensor>
{
    // The published names are net.0.proj and net.2, with a dropout without parameters at net.1.
    [ComponentName(Name = "net")] private readonly LayerList<nn.Module<Tensor, Tensor>> _net;

    public FeedForward(LayerFactory layers, long channels, double dropout = 0) : base(NativeModule.Create(nameof(FeedForward)), 0)
    {
        _net = new LayerList<nn.Module<Tensor, Tensor>>(
            new GatedLinear(layers, channels, channels * 4), new TrainingDropout(dropout), layers.Linear(channels * 4, channels));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        Tensor hidden = _net[0].call(input);
        if (_net[1] is TrainingDropout { IsActive: true } dropout) hidden = hidden.Into(dropout.call);
        return hidden.Into(_net[2].call);
    }

    private sealed class GatedLinear : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = "proj")] private readonly LinearLayer _projection;

        public GatedLinear(LayerFactory layers, long inChannels, long outChannels) : base(NativeModule.Create(nameof(GatedLinear)), 0)
        {
            _projection = layers.Linear(inChannels, outChannels * 2);
            RegisterComponents();
        }

        public override Tensor forward(Tensor input)
        {
            using DisposeScope scope = NewDisposeScope();
            Tensor[] parts = _projection.call(input).chunk(2, -1);
            return (parts[0] * nn.functional.gelu(parts[1])).MoveToOuterDisposeScope();
        }
    }
}
