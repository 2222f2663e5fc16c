using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>The gated feed-forward of a transformer block: (xW + b) ⊙ GELU(xV + c), projected back (Shazeer 2020).</summary>
internal sealed class FeedForward : nn.Module<Tensor, Tensor>
{
    // The published names are net.0.proj and net.2, with a dropout without parameters at net.1.
    [ComponentName(Name = "net")] private readonly LayerList<nn.Module<Tensor, Tensor>> _net;

    public FeedForward(LayerFactory layers, long channels, double dropout = 0) : base(NativeModule.Create(nameof(FeedForward)), 0)
    {
        _net = new LayerList<nn.Module<Tensor, Tensor>>(
            new GatedProjection(layers, channels, channels * 4), new TrainingDropout(dropout), layers.Linear(channels * 4, channels));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => Hidden(input).Into(_net[2].call);

    /// <summary>A tensor plus the feed-forward of its normalised values.</summary>
    public Tensor AddTo(Tensor hidden, LayerNormLayer norm)
    {
        if (!HasHooks && !norm.HasHooks && Output.IsFusable && Gated.IsFusable && _net[1] is TrainingDropout { IsActive: false })
        {
            using SharedTensors.Use gated = Gated.Projection.Pack(hidden), output = Output.Pack(hidden);
            return CpuOperators.AddFeedForward(
                hidden, norm, gated.Tensors[0], gated.Tensors[1], Gated.Projection.Bias!, output.Tensors[0], Output.Bias!);
        }

        using Tensor input = norm.call(hidden);
        return HasHooks ? call(input).Into(x => hidden.Add(x)) : Hidden(input).Into(x => Output.AddTo(hidden, x));
    }

    private bool HasHooks => pre_hooks.Count > 0 || post_hooks.Count > 0;

    private GatedProjection Gated => (GatedProjection)_net[0];

    private LinearLayer Output => (LinearLayer)_net[2];

    private Tensor Hidden(Tensor input)
    {
        Tensor hidden = _net[0].call(input);
        return _net[1] is TrainingDropout { IsActive: true } dropout ? hidden.Into(dropout.call) : hidden;
    }

    private sealed class GatedProjection : nn.Module<Tensor, Tensor>
    {
        [ComponentName(Name = "proj")] private readonly LinearLayer _projection;

        public GatedProjection(LayerFactory layers, long inChannels, long outChannels)
            : base(NativeModule.Create(nameof(GatedProjection)), 0)
        {
            _projection = layers.GatedLinear(inChannels, outChannels);
            RegisterComponents();
        }

        public LinearLayer Projection => _projection;

        public bool IsFusable => pre_hooks.Count == 0 && post_hooks.Count == 0 && _projection.IsFusable;

        public override Tensor forward(Tensor input) => _projection.Gate(input);
    }
}
