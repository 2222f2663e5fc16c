using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// CLIP's vision tower (Radford et al. 2021, section 2.4): a transformer over the patches of an image (Dosovitskiy et al. 2021), with a
/// projection. Parameter names are the published ones.
/// </summary>
internal sealed class ClipVisionModel : nn.Module<Tensor, ClipVisionOutput>
{
    [ComponentName(Name = "vision_model")] private readonly ClipVisionTransformer _vision;
    [ComponentName(Name = "visual_projection")] private readonly LinearLayer _projection;

    /// <param name="config">Its configuration.</param>
    /// <param name="layers">Makes the layers.</param>
    /// <exception cref="NotSupportedException">The configuration asks for an activation or option that is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public ClipVisionModel(ClipVisionConfig config, LayerFactory layers) : base(NativeModule.Create(nameof(ClipVisionModel)), 0)
    {
        ConfigRules.Unset("attention_dropout", config.AttentionDropout == 0, config.AttentionDropout);
        ConfigRules.Unset("dropout", config.Dropout == 0, config.Dropout);
        ConfigRules.Unset("num_channels", config.NumChannels == 3, config.NumChannels);
        config.Check();
        Config = config;
        _vision = new ClipVisionTransformer(config, layers);
        _projection = layers.Linear(config.HiddenSize, config.ProjectionDim, bias: false);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public ClipVisionConfig Config { get; }

    /// <summary>Evaluates the network.</summary>
    /// <param name="pixels">Normalised pixels, [batch, 3, size, size].</param>
    public override ClipVisionOutput forward(Tensor pixels)
    {
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        (Tensor last, Tensor penultimate) = _vision.forward(pixels);
        Tensor pooled = _vision.Pool(last), projected = _projection.call(pooled);
        scope.MoveToOuter(last, penultimate, pooled);
        return new ClipVisionOutput(last, penultimate, pooled, projected.MoveToOuterDisposeScope());
    }

    /// <summary>The hidden states before the last layer, which is not evaluated.</summary>
    /// <param name="pixels">Normalised pixels, [batch, 3, size, size].</param>
    /// <returns>[batch, tokens, width].</returns>
    public Tensor PenultimateHiddenState(Tensor pixels)
    {
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        return _vision.HiddenState(pixels, Config.NumHiddenLayers - 1);
    }

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }
}
