using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// The transformer of FLUX.2 (Black Forest Labs 2025): as that of FLUX.1, with projections of the condition that blocks share, no biases,
/// gated feed-forwards, and reference images as further tokens. Parameter names are the published ones.
/// </summary>
public sealed class Flux2Transformer2DModel : nn.Module<TransformerInput, Tensor>, IGradientCheckpointing
{
    /// <summary>Distance on the first axis between the latents and the first reference image, and between reference images.</summary>
    private const int ReferenceDistance = 10;

    /// <summary>The axis along which text tokens are in a line.</summary>
    private const int TextAxis = 3;

    [ComponentName(Name = "time_guidance_embed")] private readonly TimeTextEmbedding _condition;
    [ComponentName(Name = "double_stream_modulation_img")] private readonly AdaLayerNormZero _imageModulation;
    [ComponentName(Name = "double_stream_modulation_txt")] private readonly AdaLayerNormZero _textModulation;
    [ComponentName(Name = "single_stream_modulation")] private readonly AdaLayerNormZero _singleModulation;
    [ComponentName(Name = "x_embedder")] private readonly LinearLayer _image;
    [ComponentName(Name = "context_embedder")] private readonly LinearLayer _text;
    [ComponentName(Name = "transformer_blocks")] private readonly LayerList<JointTransformerBlock> _blocks = [];
    [ComponentName(Name = "single_transformer_blocks")] private readonly LayerList<Flux2SingleBlock> _singleBlocks = [];
    [ComponentName(Name = "norm_out")] private readonly AdaLayerNormContinuous _normOut;
    [ComponentName(Name = "proj_out")] private readonly LinearLayer _out;
    private readonly RotaryEmbedding _rotary;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public Flux2Transformer2DModel(Flux2TransformerConfig config) : this(config, LayerFactory.Random)
    {
    }

    internal Flux2Transformer2DModel(Flux2TransformerConfig config, LayerFactory layers)
        : base(NativeModule.Create(nameof(Flux2Transformer2DModel)), 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        Config = config;
        int width = config.Width;
        _condition = new TimeTextEmbedding(
            layers, width, pooledWidth: null, config.GuidanceEmbeds, config.TimestepGuidanceChannels, bias: false);
        _imageModulation = new AdaLayerNormZero(layers, width, 2, bias: false);
        _textModulation = new AdaLayerNormZero(layers, width, 2, bias: false);
        _singleModulation = new AdaLayerNormZero(layers, width, 1, bias: false);
        _image = layers.Linear(config.InChannels, width, bias: false);
        _text = layers.Linear(config.JointAttentionDim, width, bias: false);
        for (int i = 0; i < config.NumLayers; i++) _blocks.Add(Block(layers, config));
        for (int i = 0; i < config.NumSingleLayers; i++) _singleBlocks.Add(new Flux2SingleBlock(layers, config));
        _normOut = new AdaLayerNormContinuous(layers, width, config.Eps, bias: false);
        _out = layers.Linear(width, config.OutChannels ?? config.InChannels, bias: false);
        _rotary = new RotaryEmbedding(config.AxesDimsRope, config.RopeTheta);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public Flux2TransformerConfig Config { get; }

    /// <inheritdoc cref="UNet2DConditionModel.GradientCheckpointing"/>
    public bool GradientCheckpointing
    {
        get;
        set
        {
            field = value;
            foreach (JointTransformerBlock block in _blocks) block.Recomputes = value;
            foreach (Flux2SingleBlock block in _singleBlocks) block.Recomputes = value;
        }
    }

    /// <summary>Evaluates the network.</summary>
    /// <returns>Predictions for all image tokens, those of reference images too: [batch, tokens, out channels].</returns>
    /// <exception cref="ArgumentException">The configuration asks for a condition that is not given.</exception>
    public override Tensor forward(TransformerInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        Tensor image = _image.call(input.Tokens), text = _text.call(input.HiddenStates);
        Tensor condition = _condition.Embed(
            input.Timesteps.Multiply(TransformerRules.TimeScale), pooled: null, input.Guidance?.Multiply(TransformerRules.TimeScale),
            image.dtype);
        Tensor rotations = Rotations(input).to(image.device);
        var conditions = new JointConditions(_imageModulation.call(condition), _textModulation.call(condition), rotations);
        (image, text) = JointTransformerBlock.RunAll(_blocks, image, text, _ => conditions);

        long tokens = text.shape[1];
        Tensor joint = cat([text, image], 1), modulation = _singleModulation.call(condition);
        foreach (Flux2SingleBlock block in _singleBlocks) joint = joint.Into(x => block.Run(x, modulation, rotations));
        return _normOut.call(joint.narrow(1, tokens, image.shape[1]), condition).Into(_out.call).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }

    private static JointTransformerBlock Block(LayerFactory layers, Flux2TransformerConfig config)
    {
        var attention = new JointAttentionOptions(config.Width, config.NumAttentionHeads, config.AttentionHeadDim)
        {
            Bias = false, Eps = config.Eps,
        };
        return new JointTransformerBlock(
            layers, new JointBlockOptions(attention, l => new SwiGluFeedForward(l, config.Width, config.FeedForwardWidth))
            {
                ProjectsCondition = false, Eps = config.Eps,
            });
    }

    /// <summary>
    /// Positions are (time, row, column, index): text tokens at their index, latents at (0, row, column), reference images at later times.
    /// </summary>
    private Tensor Rotations(TransformerInput input)
    {
        using DisposeScope scope = NewDisposeScope();
        IEnumerable<Tensor> references = input.References.Select(
            (grid, i) => TokenPositions.Grid(grid.Height, grid.Width, _rotary.Axes, ReferenceDistance * (i + 1)));
        Tensor positions = cat([
            TokenPositions.Line(input.HiddenStates.shape[1], _rotary.Axes, TextAxis),
            TokenPositions.Grid(input.Grid.Height, input.Grid.Width, _rotary.Axes),
            .. references]);
        return _rotary.Rotations(positions).MoveToOuterDisposeScope();
    }
}
