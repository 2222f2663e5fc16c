using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>The middle of an autoencoder: a residual block, self-attention over pixels, a residual block.</summary>
internal sealed class AutoencoderMiddle : nn.Module<Tensor, NormalizationContext?, Tensor>
{
    [ComponentName(Name = "attentions")] private readonly LayerList<PixelAttention> _attentions = [];
    [ComponentName(Name = "resnets")] private readonly LayerList<AutoencoderResnet> _resnets = [];

    public AutoencoderMiddle(AutoencoderShape shape, int channels, bool attention) : base(NativeModule.Create(nameof(AutoencoderMiddle)), 0)
    {
        _resnets.Add(new AutoencoderResnet(shape, channels, channels));
        _resnets.Add(new AutoencoderResnet(shape, channels, channels));
        if (attention) _attentions.Add(shape.Attention(channels));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input, NormalizationContext? norms) => Run(input.alias(), norms);

    /// <summary>The same, and disposes the input as soon as it is not needed any more.</summary>
    public Tensor Run(Tensor input, NormalizationContext? norms)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = input.Into(x => _resnets[0].call(x, norms));
        if (_attentions.Count > 0) hidden = hidden.Into(x => _attentions[0].call(x, norms));
        return hidden.Into(x => _resnets[1].call(x, norms)).MoveToOuterDisposeScope();
    }
}
