using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// A trainable copy of the U-Net's encoder that sees a control image and adds to the U-Net's skip connections
/// through convolutions that begin at zero (Zhang et al. 2023). Parameter names are the published ones.
/// </summary>
public sealed class ControlNetModel : nn.Module<ControlNetInput, ControlNetOutput>
{
    private readonly UNetEncoder _encoder;
    [ComponentName(Name = "controlnet_cond_embedding")] private readonly ControlImageEmbedding _hint;
    [ComponentName(Name = "controlnet_down_blocks")] private readonly LayerList<Conv2dLayer> _downOut = [];
    [ComponentName(Name = "controlnet_mid_block")] private readonly Conv2dLayer _middleOut;

    /// <summary>Builds the network, initialised at random and its outputs at zero.</summary>
    /// <exception cref="NotSupportedException">The configuration asks for a block or option that is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public ControlNetModel(ControlNetConfig config) : this(config, LayerFactory.Random)
    {
    }

    internal ControlNetModel(ControlNetConfig config, LayerFactory layers) : base(NativeModule.Create(nameof(ControlNetModel)), 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        UNet2DConditionConfig encoder = config.Encoder();
        UNetConfigRules.Check(encoder);
        ConfigRules.Known("mid_block_type", config.MidBlockType, UNetConfigRules.CrossAttentionMiddle, UNetConfigRules.PlainMiddle);
        ConfigRules.Known("class_embed_type", config.ClassEmbedType, null, "timestep", "identity", "projection");
        ConfigRules.Known("controlnet_conditioning_channel_order", config.ControlnetConditioningChannelOrder, "rgb", "bgr");
        Config = config;
        IReadOnlyList<int> channels = config.BlockOutChannels;

        _encoder = new UNetEncoder(encoder, layers);
        _hint = new ControlImageEmbedding(layers, config.ConditioningChannels, config.ConditioningEmbeddingOutChannels, channels[0]);
        _downOut.Add(layers.ZeroConv2d(channels[0], channels[0]));
        for (int i = 0; i < channels.Count; i++)
        {
            int outputs = config.LayersPerBlock[i] + (i < channels.Count - 1 ? 1 : 0);
            for (int j = 0; j < outputs; j++) _downOut.Add(layers.ZeroConv2d(channels[i], channels[i]));
        }

        _middleOut = layers.ZeroConv2d(channels[^1], channels[^1]);
        _encoder.Register(this);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public ControlNetConfig Config { get; }

    /// <summary>Evaluates the network.</summary>
    public override ControlNetOutput forward(ControlNetInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        Tensor hint = _hint.call(Config.ControlnetConditioningChannelOrder == "bgr" ? input.Hint.flip(1) : input.Hint);
        UNetFeatures features = _encoder.Run(input.UNet, hint);
        double[] scales = Scales(input);
        Tensor[] down = [.. features.Skips.Reverse().Select((skip, i) => Finish(_downOut[i].call(skip), scales[i]))];
        Tensor middle = Finish(_middleOut.call(features.Hidden), scales[^1]);
        foreach (Tensor residual in down) residual.MoveToOuterDisposeScope();
        return new ControlNetOutput(down, middle.MoveToOuterDisposeScope());
    }

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }

    private Tensor Finish(Tensor residual, double scale)
    {
        Tensor scaled = residual.Into(x => x.Multiply(scale));
        return Config.GlobalPoolConditions ? scaled.Into(x => x.mean([2, 3], keepdim: true)) : scaled;
    }

    /// <summary>One for each skip connection, and that of the middle.</summary>
    private double[] Scales(ControlNetInput input)
    {
        int last = (int)_downOut.Count;
        bool rising = input.GuessMode && !Config.GlobalPoolConditions;
        return [.. Enumerable.Range(0, last + 1).Select(i => input.ConditioningScale * (rising ? Math.Pow(10, (double)i / last - 1) : 1))];
    }
}
