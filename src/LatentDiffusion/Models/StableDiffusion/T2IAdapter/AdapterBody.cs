using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>The layers of a T2I-Adapter: a first convolution, which light adapters lack, and a block for each feature map.</summary>
internal sealed class AdapterBody : LayerGroup
{
    private readonly long _downscaleFactor;
    [ComponentName(Name = "conv_in")] private readonly Conv2dLayer? _convIn;
    [ComponentName(Name = "body")] private readonly LayerList<AdapterBlock> _body = [];

    public AdapterBody(T2IAdapterConfig config, LayerFactory layers) : base(nameof(AdapterBody))
    {
        _downscaleFactor = config.DownscaleFactor;
        bool light = config.AdapterType == T2IAdapterConfig.Light;
        int channels = config.InChannels * config.DownscaleFactor * config.DownscaleFactor;
        if (!light)
        {
            _convIn = layers.Conv2d(channels, config.Channels[0], 3, padding: 1);
            channels = config.Channels[0];
        }

        IReadOnlyList<AdapterResidualShape> features = config.Features;
        for (int i = 0; i < features.Count; i++)
        {
            bool halves = i > 0 && features[i].DownsamplingFactor > features[i - 1].DownsamplingFactor;
            _body.Add(light
                ? AdapterBlock.Narrow(layers, channels, features[i].Channels, config.NumResBlocks, halves)
                : AdapterBlock.Wide(layers, channels, features[i].Channels, config.NumResBlocks, halves));
            channels = features[i].Channels;
        }

        RegisterComponents();
    }

    /// <summary>The output of each block, in the current dispose scope.</summary>
    public IReadOnlyList<Tensor> Run(Tensor image)
    {
        Tensor hidden = nn.functional.pixel_unshuffle(image, _downscaleFactor);
        if (_convIn is not null) hidden = hidden.Into(_convIn.call);
        var features = new List<Tensor>();
        foreach (AdapterBlock block in _body) features.Add(hidden = block.call(hidden));
        return features;
    }
}
