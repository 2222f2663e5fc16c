using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// The transformer of Chroma (Lodestone Rock 2025): FLUX.1's without pooled text and guidance scale, whose modulations come from one small
/// network (<c>distilled_guidance_layer</c>). Parameter names are the published ones.
/// </summary>
public sealed class ChromaTransformer2DModel : nn.Module<TransformerInput, Tensor>, IGradientCheckpointing
{
    /// <summary>Modulations of a layer (shift, scale, gate), of a stream's two layers, and of the last normalisation.</summary>
    private const int OfLayer = 3, OfStream = 2 * OfLayer, OfOutput = 2;

    private const double RotaryTheta = 10000, Eps = 1e-6;

    [ComponentName(Name = "distilled_guidance_layer")] private readonly ChromaApproximator _approximator;
    [ComponentName(Name = "context_embedder")] private readonly LinearLayer _text;
    [ComponentName(Name = "x_embedder")] private readonly LinearLayer _image;
    [ComponentName(Name = "transformer_blocks")] private readonly LayerList<JointTransformerBlock> _blocks = [];
    [ComponentName(Name = "single_transformer_blocks")] private readonly LayerList<SingleTransformerBlock> _singleBlocks = [];
    [ComponentName(Name = "proj_out")] private readonly LinearLayer _out;
    private readonly RotaryEmbedding _rotary;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public ChromaTransformer2DModel(ChromaTransformerConfig config) : this(config, LayerFactory.Random)
    {
    }

    internal ChromaTransformer2DModel(ChromaTransformerConfig config, LayerFactory layers)
        : base(NativeModule.Create(nameof(ChromaTransformer2DModel)), 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        Config = config;
        int width = config.Width;
        var attention = new JointAttentionOptions(width, config.NumAttentionHeads, config.AttentionHeadDim);
        var block = new JointBlockOptions(attention, l => new GeluFeedForward(l, width)) { ProjectsCondition = false };
        _approximator = new ChromaApproximator(layers, config);
        _text = layers.Linear(config.JointAttentionDim, width);
        _image = layers.Linear(config.InChannels, width);
        for (int i = 0; i < config.NumLayers; i++) _blocks.Add(new JointTransformerBlock(layers, block));
        for (int i = 0; i < config.NumSingleLayers; i++)
            _singleBlocks.Add(new SingleTransformerBlock(layers, attention, projectsCondition: false));
        _out = layers.Linear(width, config.OutChannels ?? config.InChannels);
        _rotary = new RotaryEmbedding(config.AxesDimsRope, RotaryTheta);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public ChromaTransformerConfig Config { get; }

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
    public override Tensor forward(TransformerInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        Tensor image = _image.call(input.Tokens), text = _text.call(input.HiddenStates);
        long singles = OfLayer * _singleBlocks.Count, streams = OfStream * _blocks.Count, count = singles + 2 * streams + OfOutput;
        Tensor modulations = _approximator.Modulations(input.Timesteps.Multiply(TransformerRules.TimeScale), count, image.dtype);
        Tensor rotations = Rotations(input).to(image.device);
        Tensor? bias = Bias(input, image.dtype);

        // In the order of single-stream blocks, image, text, and the last normalisation.
        (image, text) = JointTransformerBlock.RunAll(_blocks, image, text, i => new JointConditions(
            modulations.narrow(1, singles + OfStream * i, OfStream),
            modulations.narrow(1, singles + streams + OfStream * i, OfStream), rotations, bias));
        long tokens = text.shape[1];
        Tensor joint = cat([text, image], 1);
        foreach ((int i, SingleTransformerBlock block) in _singleBlocks.Index())
        {
            Tensor modulation = modulations.narrow(1, OfLayer * i, OfLayer);
            joint = joint.Into(x => block.Run(x, new JointConditions(modulation, modulation, rotations, bias)));
        }

        Tensor[] last = modulations.narrow(1, count - OfOutput, OfOutput).chunk(OfOutput, 1);
        return Modulation.Normalize(joint.narrow(1, tokens, image.shape[1]), shift: last[0], scale: last[1], Eps)
            .Into(_out.call).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }

    /// <summary>1 for pairs of tokens that may both be attended to, and 0 for others: as trained, it is added to the logits.</summary>
    private static Tensor? Bias(TransformerInput input, ScalarType type)
    {
        if (input.Mask is null) return null;
        using DisposeScope scope = NewDisposeScope();
        Tensor text = input.Mask.to(type), all = cat([text, ones([text.shape[0], input.Tokens.shape[1]], type, text.device)], 1);
        return (all.unsqueeze(1).unsqueeze(2) * all.unsqueeze(1).unsqueeze(3)).MoveToOuterDisposeScope();
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
