using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// The convolutions at the outputs of a ControlNet, which begin at zero (Zhang et al. 2023, section 3.1). They are registered in the
/// network at its top level.
/// </summary>
internal sealed class ControlNetHead
{
    private readonly LayerList<Conv2dLayer> _downOut = [];
    private readonly Conv2dLayer _middleOut;
    private readonly bool _pools;

    public ControlNetHead(ControlNetConfig config, LayerFactory layers)
    {
        IReadOnlyList<int> channels = config.BlockOutChannels;
        _pools = config.GlobalPoolConditions;
        _downOut.Add(layers.ZeroConv2d(channels[0], channels[0]));
        for (int i = 0; i < channels.Count; i++)
        {
            int outputs = config.LayersPerBlock[i] + (i < channels.Count - 1 ? 1 : 0);
            for (int j = 0; j < outputs; j++) _downOut.Add(layers.ZeroConv2d(channels[i], channels[i]));
        }

        _middleOut = layers.ZeroConv2d(channels[^1], channels[^1]);
    }

    /// <summary>Checks a configuration before anything is built from it.</summary>
    /// <exception cref="NotSupportedException">The configuration asks for a block or option that is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public static void Check(ControlNetConfig config)
    {
        config.Check();
        UNetConfigRules.Check(config.Encoder());
        ConfigRules.Known("mid_block_type", config.MidBlockType, UNetConfigRules.CrossAttentionMiddle, UNetConfigRules.PlainMiddle);
        ConfigRules.Known("class_embed_type", config.ClassEmbedType, null, "timestep", "identity", "projection");
        ConfigRules.Known("controlnet_conditioning_channel_order", config.ControlnetConditioningChannelOrder, "rgb", "bgr");
    }

    /// <summary>Registers the layers in the network under their published names.</summary>
    public void Register(nn.Module network)
    {
        network.register_module("controlnet_down_blocks", _downOut);
        network.register_module("controlnet_mid_block", _middleOut);
    }

    /// <summary>The residuals of the encoder's outputs, in the current dispose scope.</summary>
    /// <param name="features">Outputs of the encoder.</param>
    /// <param name="scale">What the residuals are multiplied by.</param>
    /// <param name="rising">Whether from a tenth of that at the highest resolution to all at the lowest (guess mode).</param>
    public ControlNetOutput Run(UNetFeatures features, double scale, bool rising = false)
    {
        int last = (int)_downOut.Count;
        double[] scales = [.. Enumerable.Range(0, last + 1).Select(Scale)];
        Tensor[] down = [.. features.Skips.Reverse().Select((skip, i) => Finish(_downOut[i].call(skip), scales[i]))];
        return new ControlNetOutput(down, Finish(_middleOut.call(features.Hidden), scales[^1]));

        double Scale(int i) => scale * (rising && !_pools ? Math.Pow(10, (double)i / last - 1) : 1);
    }

    private Tensor Finish(Tensor residual, double scale)
    {
        Tensor scaled = residual.Into(x => x.Multiply(scale));
        return _pools ? scaled.Into(x => x.mean([2, 3], keepdim: true)) : scaled;
    }
}
