using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// The transformer of FLUX.1 (Black Forest Labs 2024): blocks over the two streams of image and text, then blocks over both as one stream.
/// Parameter names are the published ones.
/// </summary>
public sealed class FluxTransformer2DModel : nn.Module<TransformerInput, Tensor>, IGradientCheckpointing
{
    private const double RotaryTheta = 10000;

    [ComponentName(Name = "time_text_embed")] private readonly TimeTextEmbedding _condition;
    [ComponentName(Name = "context_embedder")] private readonly LinearLayer _text;
    [ComponentName(Name = "x_embedder")] private readonly LinearLayer _image;
    [ComponentName(Name = "transformer_blocks")] private readonly LayerList<JointTransformerBlock> _blocks = [];
    [ComponentName(Name = "single_transformer_blocks")] private readonly LayerList<SingleTransformerBlock> _singleBlocks = [];
    [ComponentName(Name = "norm_out")] private readonly AdaLayerNormContinuous _normOut;
    [ComponentName(Name = "proj_out")] private readonly LinearLayer _out;
    private readonly RotaryEmbedding _rotary;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public FluxTransformer2DModel(FluxTransformerConfig config) : this(config, LayerFactory.Random)
    {
    }

    internal FluxTransformer2DModel(FluxTransformerConfig config, LayerFactory layers)
        : base(NativeModule.Create(nameof(FluxTransformer2DModel)), 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        Config = config;
        int width = config.Width;
        var attention = new JointAttentionOptions(width, config.NumAttentionHeads, config.AttentionHeadDim);
        _condition = new TimeTextEmbedding(layers, width, config.PooledProjectionDim, config.GuidanceEmbeds);
        _text = layers.Linear(config.JointAttentionDim, width);
        _image = layers.Linear(config.InChannels, width);
        for (int i = 0; i < config.NumLayers; i++)
            _blocks.Add(new JointTransformerBlock(layers, new JointBlockOptions(attention, l => new GeluFeedForward(l, width))));
        for (int i = 0; i < config.NumSingleLayers; i++)
            _singleBlocks.Add(new SingleTransformerBlock(layers, attention, projectsCondition: true));
        _normOut = new AdaLayerNormContinuous(layers, width);
        _out = layers.Linear(width, config.OutChannels ?? config.InChannels);
        _rotary = new RotaryEmbedding(config.AxesDimsRope, RotaryTheta);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public FluxTransformerConfig Config { get; }

    /// <inheritdoc cref="UNet2DConditionModel.GradientCheckpointing"/>
    public bool GradientCheckpointing
    {
        get;
        set
        {
            field = value;
            foreach (JointTransformerBlock block in _blocks) block.Recomputes = value;
            foreach (SingleTransformerBlock block in _singleBlocks) block.Recomputes = value;
        }
    }

    /// <summary>Evaluates the network.</summary>
    /// <returns>[batch, tokens, out channels].</returns>
    /// <exception cref="ArgumentException">The configuration asks for a condition that is not given.</exception>
    public override Tensor forward(TransformerInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        Tensor image = _image.call(input.Tokens), text = _text.call(input.HiddenStates);
        Tensor condition = _condition.Embed(
            input.Timesteps.Multiply(TransformerRules.TimeScale), input.Pooled, input.Guidance?.Multiply(TransformerRules.TimeScale),
            image.dtype);
        var conditions = new JointConditions(condition, condition, Rotations(input).to(image.device));
        (image, text) = JointTransformerBlock.RunAll(_blocks, image, text, _ => conditions);

        long tokens = text.shape[1];
        Tensor joint = cat([text, image], 1);
        foreach (SingleTransformerBlock block in _singleBlocks) joint = joint.Into(x => block.Run(x, conditions));
        return _normOut.call(joint.narrow(1, tokens, image.shape[1]), condition).Into(_out.call).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }

    /// <summary>Text tokens are at the origin, and image tokens at (0, row, column).</summary>
    private Tensor Rotations(TransformerInput input)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor positions = cat([
            TokenPositions.Zero(input.HiddenStates.shape[1], _rotary.Axes),
            TokenPositions.Grid(input.Grid.Height, input.Grid.Width, _rotary.Axes)]);
        return _rotary.Rotations(positions).MoveToOuterDisposeScope();
    }
}
