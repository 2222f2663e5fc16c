using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The gated feed-forward of a transformer block: (xW + b) ⊙ GELU(xV + c), projected back (Shazeer 2020).</summary>
internal sealed class FeedForward : nn.Module<Tensor, Tensor>
{
    // The published names are net.0.proj and net.2, with a dropout without parameters at net.1.
    [ComponentName(Name = "net")] private readonly ModuleList<nn.Module<Tensor, Tensor>> _net;

    public FeedForward(long channels, double dropout = 0) : base(nameof(FeedForward))
    {
        _net = new ModuleList<nn.Module<Tensor, Tensor>>(
            new GatedLinear(channels, channels * 4), nn.Dropout(dropout), nn.Linear(channels * 4, channels));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = _net[0].call(input);
        if (training) hidden = _net[1].call(hidden);
        return _net[2].call(hidden).MoveToOuterDisposeScope();
    }

    private sealed class GatedLinear : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = "proj")] private readonly Linear _projection;

        public GatedLinear(long inChannels, long outChannels) : base(nameof(GatedLinear))
        {
            _projection = nn.Linear(inChannels, outChannels * 2);
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
