using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>The gated feed-forward of Z-Image: SiLU(xW₁) ⊙ xW₃, projected back by W₂ (Shazeer 2020).</summary>
internal sealed class ZImageFeedForward : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "w1")] private readonly LinearLayer _gate;
    [ComponentName(Name = "w2")] private readonly LinearLayer _out;
    [ComponentName(Name = "w3")] private readonly LinearLayer _value;

    public ZImageFeedForward(LayerFactory layers, long width) : base(NativeModule.Create(nameof(ZImageFeedForward)), 0)
    {
        long hidden = (long)(width / 3.0 * 8);
        _gate = layers.Linear(width, hidden, bias: false);
        _out = layers.Linear(hidden, width, bias: false);
        _value = layers.Linear(width, hidden, bias: false);
        RegisterComponents();
    }

    /// <param name="input">[…, width].</param>
    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor gate = _gate.call(input).Into(Activations.Silu);
        return _out.call(gate * _value.call(input)).MoveToOuterDisposeScope();
    }
}
