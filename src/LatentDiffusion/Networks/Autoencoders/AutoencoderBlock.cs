using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// One resolution of an autoencoder: residual blocks, each followed by attention where there is any, then a change of size.
/// </summary>
internal sealed class AutoencoderBlock : nn.Module<Tensor, NormalizationContext?, Tensor>
{
    public const string PlainDown = "DownEncoderBlock2D", AttentionDown = "AttnDownEncoderBlock2D";
    public const string PlainUp = "UpDecoderBlock2D", AttentionUp = "AttnUpDecoderBlock2D";

    [ComponentName(Name = "resnets")] private readonly LayerList<AutoencoderResnet> _resnets = [];
    [ComponentName(Name = "attentions")] private readonly LayerList<PixelAttention>? _attentions;
    [ComponentName(Name = "downsamplers")] private readonly LayerList<Downsample2D>? _downsamplers;
    [ComponentName(Name = "upsamplers")] private readonly LayerList<Upsample2D>? _upsamplers;

    /// <param name="shape">Settings of the blocks.</param>
    /// <param name="type">The block's published name.</param>
    /// <param name="inChannels">Channels of the input.</param>
    /// <param name="outChannels">Channels of the output.</param>
    /// <param name="layers">Number of residual blocks.</param>
    /// <param name="resizes">Whether the size is halved or doubled at the end.</param>
    public AutoencoderBlock(AutoencoderShape shape, string type, int inChannels, int outChannels, int layers, bool resizes)
        : base(NativeModule.Create(nameof(AutoencoderBlock)), 0)
    {
        if (type is AttentionDown or AttentionUp) _attentions = [];
        for (int i = 0; i < layers; i++)
        {
            _resnets.Add(new AutoencoderResnet(shape, i == 0 ? inChannels : outChannels, outChannels));
            _attentions?.Add(shape.Attention(outChannels));
        }

        if (resizes && type is PlainDown or AttentionDown) _downsamplers = [new Downsample2D(shape.Layers, outChannels, padding: 0)];
        else if (resizes) _upsamplers = [new Upsample2D(shape.Layers, outChannels)];
        RegisterComponents();
    }

    public override Tensor forward(Tensor input, NormalizationContext? norms) => Refine(input, norms).Into(Resize);

    /// <summary>The residual blocks and attention, at the size of the input.</summary>
    public Tensor Refine(Tensor input, NormalizationContext? norms)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor hidden = input;
        for (int i = 0; i < _resnets.Count; i++)
        {
            Tensor before = hidden;
            hidden = _resnets[i].call(before, norms);
            if (i > 0) before.Dispose();
            if (_attentions is not null) hidden = hidden.Into(x => _attentions[i].call(x, norms));
        }

        return hidden.MoveToOuterDisposeScope();
    }

    /// <summary>The change of size at the end; a block without one returns the same values as a new tensor.</summary>
    public Tensor Resize(Tensor refined) =>
        _downsamplers is not null ? _downsamplers[0].call(refined)
            : _upsamplers is not null ? _upsamplers[0].call(refined)
            : refined.alias();
}
