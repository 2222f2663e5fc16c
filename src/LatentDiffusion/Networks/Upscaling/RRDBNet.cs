using System.Globalization;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// The generator of ESRGAN (Wang et al. 2018, figures 3 and 4) and Real-ESRGAN (Wang et al. 2021): residual-in-residual dense blocks at
/// the size of the input, and doublings by repeated pixels and convolutions. Networks for ×2 and ×1 first turn squares of pixels into
/// channels (pixel unshuffle). Parameter names are those of Real-ESRGAN.
/// </summary>
internal sealed class RRDBNet : UpscalingNetwork
{
    private readonly RRDBNetConfig _config;
    [ComponentName(Name = "conv_first")] private readonly Conv2dLayer _first;
    [ComponentName(Name = "body")] private readonly LayerList<ResidualInResidualBlock> _body = new();
    [ComponentName(Name = "conv_body")] private readonly Conv2dLayer _bodyEnd;
    [ComponentName(Name = "conv_hr")] private readonly Conv2dLayer _large;
    [ComponentName(Name = "conv_last")] private readonly Conv2dLayer _last;
    private readonly List<Func<Tensor, Tensor>> _doublings = [];

    public RRDBNet(RRDBNetConfig config, LayerFactory layers) : base(nameof(RRDBNet))
    {
        const int Colors = 3;
        _config = config;
        long features = config.Features;
        _first = layers.Conv2d(Colors * config.Unshuffle * config.Unshuffle, features, 3, padding: 1);
        for (int i = 0; i < config.Blocks; i++) _body.Add(new ResidualInResidualBlock(layers, features, config.Growth));
        _bodyEnd = layers.Conv2d(features, features, 3, padding: 1);
        for (int i = 1; i <= config.Doublings; i++)
        {
            Conv2dLayer layer = layers.DoublingConv2d(features);
            register_module($"conv_up{i.ToString(CultureInfo.InvariantCulture)}", layer);
            _doublings.Add(layer.ConvolveDoubled);
        }

        _large = layers.Conv2d(features, features, 3, padding: 1);
        _last = layers.Conv2d(features, Colors, 3, padding: 1);
        RegisterComponents();
    }

    public override int Scale => _config.Scale;

    public override int SizeMultiple => _config.Unshuffle;

    // At the size of the result: the features, their convolution, and a copy in another layout.
    public override long ValuesPerPixel => 3 * _config.Features * Scale * Scale;

    public override Tensor forward(Tensor images)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor shallow = _config.Unshuffle == 1
            ? _first.call(images)
            : nn.functional.pixel_unshuffle(images, _config.Unshuffle).Into(_first.call);
        Tensor deep = shallow.alias();
        foreach (ResidualInResidualBlock block in _body) deep = deep.Into(block.call);
        Tensor features = deep.Into(x => _bodyEnd.AddTo(() => shallow, x));
        shallow.Dispose();
        foreach (Func<Tensor, Tensor> doubling in _doublings)
            features = features.Into(doubling).ActivateLeaky(ResidualDenseBlock.NegativeSlope);
        return features.Into(x => _large.ConvolveLeaky(x, ResidualDenseBlock.NegativeSlope)).Into(_last.call).MoveToOuterDisposeScope();
    }
}
