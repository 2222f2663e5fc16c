using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// A ControlNet that reads one or more control images of several types at once (xinsir 2024, "ControlNet++"). Parameter names are those of
/// the published class.
/// </summary>
public sealed class ControlNetUnionModel : nn.Module<ControlNetUnionInput, ControlNetOutput>
{
    private readonly UNetEncoder _encoder;
    private readonly ControlNetHead _head;
    private readonly UnionFusion _fusion;
    [ComponentName(Name = "controlnet_cond_embedding")] private readonly ControlImageEmbedding _image;

    /// <summary>Builds the network, initialised at random and its outputs at zero.</summary>
    /// <exception cref="NotSupportedException">The configuration asks for a block or option that is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public ControlNetUnionModel(ControlNetUnionConfig config) : this(config, LayerFactory.Random)
    {
    }

    internal ControlNetUnionModel(ControlNetUnionConfig config, LayerFactory layers)
        : base(NativeModule.Create(nameof(ControlNetUnionModel)), 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        ControlNetHead.Check(config);
        ConfigRules.Needed("addition_time_embed_dim", config.AdditionTimeEmbedDim, "A union ControlNet");
        Config = config;
        _encoder = new UNetEncoder(config.Encoder(), layers);
        _image = new ControlImageEmbedding(
            layers, config.ConditioningChannels, config.ConditioningEmbeddingOutChannels, config.BlockOutChannels[0]);
        _fusion = new UnionFusion(config, layers);
        _head = new ControlNetHead(config, layers);
        _encoder.Register(this);
        _fusion.Register(this);
        _head.Register(this);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public ControlNetUnionConfig Config { get; }

    /// <summary>Evaluates the network.</summary>
    /// <exception cref="ArgumentException">The input has no control image, or the type of one is out of range.</exception>
    public override ControlNetOutput forward(ControlNetUnionInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (input.Conditions.Count == 0) throw new ArgumentException("A union ControlNet needs at least one control image.", nameof(input));
        if (input.Conditions.FirstOrDefault(c => c.Type < 0 || c.Type >= Config.NumControlType) is { } unknown)
            throw new ArgumentException($"The control type is {unknown.Type}; expected 0 to {Config.NumControlType - 1}.", nameof(input));
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        (Tensor, UnionCondition)[] images = [.. input.Conditions.Select(condition => (_image.call(InOrder(condition.Image)), condition))];
        Tensor types = _fusion.EmbedTypes(input.Conditions, input.UNet.Sample);
        UNetFeatures features = _encoder.Run(input.UNet, _fusion.Fuse(images), types);
        ControlNetOutput output = _head.Run(features, input.Conditions is [var only] ? only.Scale : 1);
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

    private Tensor InOrder(Tensor image) => Config.ControlnetConditioningChannelOrder == "bgr" ? image.flip(1) : image;
}
