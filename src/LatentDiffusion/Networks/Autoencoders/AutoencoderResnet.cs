using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>The residual block of the autoencoders: that of the U-Net without a time.</summary>
internal sealed class AutoencoderResnet : nn.Module<Tensor, NormalizationContext?, Tensor>
{
    [ComponentName(Name = "norm1")] private readonly nn.Module _norm1;
    [ComponentName(Name = "conv1")] private readonly Conv2dLayer _conv1;
    [ComponentName(Name = "norm2")] private readonly nn.Module _norm2;
    [ComponentName(Name = "conv2")] private readonly Conv2dLayer _conv2;
    [ComponentName(Name = "conv_shortcut")] private readonly Conv2dLayer? _shortcut;
    private readonly Func<Tensor, Tensor> _activation;
    private readonly FusedResnet? _fused;

    public AutoencoderResnet(AutoencoderShape shape, int inChannels, int outChannels)
        : base(NativeModule.Create(nameof(AutoencoderResnet)), 0)
    {
        _activation = Activations.ByName(shape.Activation);
        _norm1 = shape.Norm(inChannels);
        _conv1 = shape.Layers.Conv2d(inChannels, outChannels, 3, padding: 1);
        _norm2 = shape.Norm(outChannels);
        _conv2 = shape.Layers.Conv2d(outChannels, outChannels, 3, padding: 1);
        if (inChannels != outChannels) _shortcut = shape.Layers.Conv2d(inChannels, outChannels, 1);
        if (_activation == Activations.SiluFunction && _norm1 is GroupNormLayer norm1 && _norm2 is GroupNormLayer norm2)
            _fused = new FusedResnet(norm1, _conv1, norm2, _conv2, _shortcut);
        RegisterComponents();
    }

    /// <param name="input">[batch, channels, height, width].</param>
    /// <param name="norms">Further inputs of the normalisations; null for nothing.</param>
    public override Tensor forward(Tensor input, NormalizationContext? norms)
    {
        if (norms?.Statistics is null && _fused?.AppliesTo(input) == true) return _fused.Compute(input, time: null);
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = Normalize(_norm1, _conv1, input, norms).Activate(_activation).Into(_conv1.call);
        hidden = hidden.Into(x => Normalize(_norm2, _conv2, x, norms)).Activate(_activation);
        return hidden.Into(x => _conv2.AddTo(() => _shortcut is null ? input : _shortcut.call(input), x)).MoveToOuterDisposeScope();
    }

    private static Tensor Normalize(nn.Module norm, Conv2dLayer next, Tensor input, NormalizationContext? norms) =>
        norm is GroupNormLayer group && norms?.Statistics is null
            ? group.CallBefore(next, input)
            : AutoencoderShape.Normalize(norm, input, norms);
}
