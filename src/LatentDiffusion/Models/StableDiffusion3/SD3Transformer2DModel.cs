using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// The transformer of Stable Diffusion 3 and 3.5 (MM-DiT, Esser et al. 2024, figure 2; MM-DiT-X in 3.5 medium): image and text are two
/// streams of tokens that attend to each other. Parameter names are the published ones.
/// </summary>
public sealed class SD3Transformer2DModel : nn.Module<SD3TransformerInput, Tensor>, IGradientCheckpointing
{
    [ComponentName(Name = "pos_embed")] private readonly PositionedPatches _patches;
    [ComponentName(Name = "time_text_embed")] private readonly TimeTextEmbedding _condition;
    [ComponentName(Name = "context_embedder")] private readonly LinearLayer _text;
    [ComponentName(Name = "transformer_blocks")] private readonly LayerList<JointTransformerBlock> _blocks = [];
    [ComponentName(Name = "norm_out")] private readonly AdaLayerNormContinuous _normOut;
    [ComponentName(Name = "proj_out")] private readonly LinearLayer _out;
    private readonly LatentTokens _tokens;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <exception cref="NotSupportedException">The configuration asks for a normalisation that is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public SD3Transformer2DModel(SD3TransformerConfig config) : this(config, LayerFactory.Random)
    {
    }

    internal SD3Transformer2DModel(SD3TransformerConfig config, LayerFactory layers)
        : base(NativeModule.Create(nameof(SD3Transformer2DModel)), 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        config.Check();
        config.CheckWords();
        Config = config;
        int width = config.Width, patch = config.PatchSize;
        var attention = new JointAttentionOptions(width, config.NumAttentionHeads, config.AttentionHeadDim)
        {
            NormalizesQueriesAndKeys = config.NormalizesQueriesAndKeys,
        };
        _patches = new PositionedPatches(layers, config);
        _condition = new TimeTextEmbedding(layers, width, config.PooledProjectionDim);
        _text = layers.Linear(config.JointAttentionDim, width);
        for (int i = 0; i < config.NumLayers; i++)
        {
            _blocks.Add(new JointTransformerBlock(layers, new JointBlockOptions(attention, l => new GeluFeedForward(l, width))
            {
                EndsText = i == config.NumLayers - 1, HasSelfAttention = config.DualAttentionLayers.Contains(i),
            }));
        }

        _normOut = new AdaLayerNormContinuous(layers, width);
        _out = layers.Linear(width, patch * patch * config.OutChannels);
        _tokens = new LatentTokens(patch, channelsLast: true);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public SD3TransformerConfig Config { get; }

    /// <inheritdoc cref="UNet2DConditionModel.GradientCheckpointing"/>
    public bool GradientCheckpointing
    {
        get;
        set
        {
            field = value;
            foreach (JointTransformerBlock block in _blocks) block.Recomputes = value;
        }
    }

    /// <summary>Published paths of the blocks, in their order.</summary>
    internal IReadOnlyList<string> BlockPaths => [.. Enumerable.Range(0, _blocks.Count).Select(i => $"transformer_blocks.{i}")];

    /// <summary>Evaluates the network.</summary>
    /// <returns>[batch, out channels, height, width].</returns>
    /// <exception cref="ArgumentException">
    /// The latents are larger than the table of positions, or their height or width is not a multiple of the patch size.
    /// </exception>
    public override Tensor forward(SD3TransformerInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        Tensor image = _patches.call(input.Latents), text = _text.call(input.HiddenStates);
        Tensor condition = _condition.Embed(input.Timesteps, input.Pooled, guidance: null, image.dtype);
        var conditions = new JointConditions(condition, condition);
        for (int i = 0; i < _blocks.Count; i++)
        {
            if (input.SkippedBlocks.Contains(i)) continue;
            (Tensor nextImage, Tensor? nextText) = _blocks[i].Run(image, text, conditions);
            image.Dispose();
            image = nextImage;
            if (nextText is null) continue;
            text.Dispose();
            text = nextText;
        }

        Tensor tokens = _normOut.call(image, condition).Into(_out.call);
        return _tokens.Unpack(tokens, input.Latents.shape[2], input.Latents.shape[3]).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }
}
