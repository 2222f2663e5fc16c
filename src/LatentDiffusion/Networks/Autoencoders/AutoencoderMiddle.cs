using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The middle of an autoencoder: a residual block, self-attention over pixels, a residual block.</summary>
internal sealed class AutoencoderMiddle : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "attentions")] private readonly ModuleList<CrossAttention> _attentions = [];
    [ComponentName(Name = "resnets")] private readonly ModuleList<ResnetBlock2D> _resnets = [];

    public AutoencoderMiddle(int channels, int groups, bool attention) : base(nameof(AutoencoderMiddle))
    {
        _resnets.Add(new ResnetBlock2D(channels, channels, groups, AutoencoderKL.NormEps));
        _resnets.Add(new ResnetBlock2D(channels, channels, groups, AutoencoderKL.NormEps));
        if (attention) _attentions.Add(new CrossAttention(channels, null, heads: 1, channels, bias: true, groups, AutoencoderKL.NormEps));
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = _resnets[0].call(input, null);
        if (_attentions.Count > 0) hidden = SpatialAttention.Apply(_attentions[0], hidden);
        return _resnets[1].call(hidden, null).MoveToOuterDisposeScope();
    }
}
