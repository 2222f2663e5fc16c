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
    private readonly ControlNetHead _head;
    [ComponentName(Name = "controlnet_cond_embedding")] private readonly ControlImageEmbedding _hint;

    /// <summary>Builds the network, initialised at random and its outputs at zero.</summary>
    /// <exception cref="NotSupportedException">The configuration asks for a block or option that is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public ControlNetModel(ControlNetConfig config) : this(config, LayerFactory.Random)
    {
    }

    internal ControlNetModel(ControlNetConfig config, LayerFactory layers) : base(NativeModule.Create(nameof(ControlNetModel)), 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        ControlNetHead.Check(config);
        Config = config;
        _encoder = new UNetEncoder(config.Encoder(), layers);
        _hint = new ControlImageEmbedding(
            layers, config.ConditioningChannels, config.ConditioningEmbeddingOutChannels, config.BlockOutChannels[0]);
        _head = new ControlNetHead(config, layers);
        _encoder.Register(this);
        _head.Register(this);
        RegisterComponents();
    }

    /// <summary>
    /// A ControlNet to be trained for a U-Net: a copy of its encoder in float32, with outputs at zero, so that it changes nothing yet
    /// (Zhang et al. 2023, section 3.1). The layers that read the control image are initialised at random, from libtorch's global
    /// generator.
    /// </summary>
    /// <param name="unet">The U-Net.</param>
    /// <param name="scaleFactor">Pixels per latent in each direction, a power of 2 from 1 to 64. Default 8.</param>
    /// <returns>The network, on the device of the U-Net.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The factor is not a power of 2 from 1 to 64.</exception>
    /// <exception cref="NotSupportedException">
    /// The U-Net has an option that ControlNets do not have, or keeps its weights as its file stores them.
    /// </exception>
    public static ControlNetModel FromUNet(UNet2DConditionModel unet, int scaleFactor = 8)
    {
        ArgumentNullException.ThrowIfNull(unet);
        if (StoredLayers.Any(unet)) throw StoredMatrix.CannotBeTrained(ComponentNames.UNet);
        ControlNetModel made = ControlNetConfig.FromUNet(unet.Config, scaleFactor).Build();
        using IDisposable noGradient = no_grad();
        made.to(NetworkUse.DeviceOf(unet));
        using NetworkUse read = NetworkUse.ToRead(unet), changed = NetworkUse.ToChange(made);
        Dictionary<string, Tensor> values = unet.state_dict();
        foreach ((string name, Tensor parameter) in made.state_dict())
            if (!name.StartsWith("controlnet_", StringComparison.Ordinal)) parameter.copy_(values[name]);
        return made;
    }

    /// <summary>The configuration it was built from.</summary>
    public ControlNetConfig Config { get; }

    /// <inheritdoc cref="UNet2DConditionModel.GradientCheckpointing"/>
    public bool GradientCheckpointing
    {
        get;
        set => RecomputedBlocks.Set(this, field = value);
    }

    /// <summary>Evaluates the network.</summary>
    public override ControlNetOutput forward(ControlNetInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        Tensor hint = _hint.call(Config.ControlnetConditioningChannelOrder == "bgr" ? input.Hint.flip(1) : input.Hint);
        UNetFeatures features = _encoder.Run(input.UNet, hint);
        ControlNetOutput output = _head.Run(features, input.ConditioningScale, input.GuessMode);
        foreach (Tensor residual in output.DownResiduals) residual.MoveToOuterDisposeScope();
        output.MiddleResidual.MoveToOuterDisposeScope();
        return output;
    }

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }
}
