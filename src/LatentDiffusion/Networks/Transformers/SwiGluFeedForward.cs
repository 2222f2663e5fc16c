using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>A gated feed-forward: SiLU(xV) ⊙ xW, projected back, without biases (Shazeer 2020).</summary>
internal sealed class SwiGluFeedForward : nn.Module<Tensor, Tensor>
{
    // V and W are one layer.
    [ComponentName(Name = "linear_in")] private readonly LinearLayer _in;
    [ComponentName(Name = "linear_out")] private readonly LinearLayer _out;

    /// <param name="layers">Makes the layers.</param>
    /// <param name="width">Width of the tokens.</param>
    /// <param name="hidden">Width of the gated vectors.</param>
    public SwiGluFeedForward(LayerFactory layers, long width, long hidden) : base(NativeModule.Create(nameof(SwiGluFeedForward)), 0)
    {
        _in = layers.Linear(width, 2 * hidden, bias: false);
        _out = layers.Linear(hidden, width, bias: false);
        RegisterComponents();
    }

    /// <param name="input">[…, width].</param>
    public override Tensor forward(Tensor input) => _in.call(input).Into(Activations.SwiGlu).Into(_out.call);
}
