using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// A block over two streams, image and text (MM-DiT, Esser et al. 2024, figure 2b): joint attention and a feed-forward for each stream,
/// modulated by the condition and added to their inputs.
/// </summary>
internal sealed class JointTransformerBlock : LayerGroup
{
    [ComponentName(Name = "norm1")] private readonly AdaLayerNormZero? _imageCondition;
    // In a block that ends the text it gives only scale and shift.
    [ComponentName(Name = "norm1_context")] private readonly nn.Module? _textCondition;
    [ComponentName(Name = "attn")] private readonly JointAttention _attention;
    [ComponentName(Name = "attn2")] private readonly JointAttention? _selfAttention;
    [ComponentName(Name = "ff")] private readonly nn.Module<Tensor, Tensor> _imageFeedForward;
    [ComponentName(Name = "ff_context")] private readonly nn.Module<Tensor, Tensor>? _textFeedForward;
    private readonly double _eps;

    public JointTransformerBlock(LayerFactory layers, JointBlockOptions options) : base(nameof(JointTransformerBlock))
    {
        JointAttentionOptions attention = options.Attention with { HasText = true, HasTextOutput = !options.EndsText };
        _eps = options.Eps;
        if (options.ProjectsCondition)
        {
            _imageCondition = new AdaLayerNormZero(layers, attention.Width, options.HasSelfAttention ? 3 : 2);
            _textCondition = options.EndsText
                ? new AdaLayerNormContinuous(layers, attention.Width, _eps)
                : new AdaLayerNormZero(layers, attention.Width, 2);
        }

        _attention = new JointAttention(layers, attention);
        if (options.HasSelfAttention) _selfAttention = new JointAttention(layers, attention with { HasText = false });
        _imageFeedForward = options.FeedForward(layers);
        if (!options.EndsText) _textFeedForward = options.FeedForward(layers);
        RegisterComponents();
    }

    /// <summary>
    /// Whether only the inputs are kept in training and the rest is computed again in the backward pass (Chen et al. 2016).
    /// </summary>
    public bool Recomputes { get; set; }

    /// <summary>Evaluates the block.</summary>
    /// <param name="image">[batch, image tokens, width].</param>
    /// <param name="text">[batch, text tokens, width].</param>
    /// <param name="conditions">Additional inputs.</param>
    /// <returns>Both streams; the text is null where it ends in the block.</returns>
    public (Tensor Image, Tensor? Text) Run(Tensor image, Tensor text, JointConditions conditions)
    {
        if (!Recomputes) return Compute(image, text, conditions);
        using DisposeScope scope = NewDisposeScope();
        Tensor joint = GradientCheckpoint.Run(
            inputs =>
            {
                (Tensor one, Tensor? other) = Compute(inputs[0], inputs[1], conditions.With([.. inputs.Skip(2)]));
                return other is null ? one : cat([one, other], 1);
            },
            drops: false, [image, text, .. conditions.Tensors]);
        long tokens = image.shape[1];
        return (
            joint.narrow(1, 0, tokens).MoveToOuterDisposeScope(),
            _textFeedForward is null ? null : joint.narrow(1, tokens, text.shape[1]).MoveToOuterDisposeScope());
    }

    /// <summary>Evaluates successive blocks, none of which ends the text.</summary>
    /// <param name="blocks">The blocks.</param>
    /// <param name="image">[batch, image tokens, width]; disposed.</param>
    /// <param name="text">[batch, text tokens, width]; disposed.</param>
    /// <param name="conditions">Additional inputs of the block of an index.</param>
    public static (Tensor Image, Tensor Text) RunAll(
        IReadOnlyList<JointTransformerBlock> blocks, Tensor image, Tensor text, Func<int, JointConditions> conditions)
    {
        for (int i = 0; i < blocks.Count; i++)
        {
            (Tensor nextImage, Tensor? nextText) = blocks[i].Run(image, text, conditions(i));
            image.Dispose();
            text.Dispose();
            (image, text) = (nextImage, nextText!);
        }

        return (image, text);
    }

    private (Tensor Image, Tensor? Text) Compute(Tensor image, Tensor text, JointConditions conditions)
    {
        using DisposeScope scope = NewDisposeScope();
        Modulation[] ofImage = Modulation.Split(_imageCondition?.call(conditions.Image) ?? conditions.Image);
        Modulation[] ofText = _textCondition switch
        {
            AdaLayerNormContinuous => [],
            AdaLayerNormZero zero => Modulation.Split(zero.call(conditions.Text)),
            _ => Modulation.Split(conditions.Text),
        };
        Tensor normalText = _textCondition is AdaLayerNormContinuous last
            ? last.call(text, conditions.Text)
            : ofText[0].Normalize(text, _eps);
        (Tensor attended, Tensor? attendedText) =
            _attention.Attend(ofImage[0].Normalize(image, _eps), normalText, conditions.Rotations, conditions.Bias);
        Tensor hidden = ofImage[0].AddTo(image, attended);
        if (_selfAttention is not null)
            hidden = ofImage[2].AddTo(hidden, _selfAttention.Attend(ofImage[2].Normalize(image, _eps)));
        hidden = Feed(hidden, ofImage[1], _imageFeedForward);
        Tensor? hiddenText = _textFeedForward is null
            ? null
            : Feed(ofText[0].AddTo(text, attendedText!), ofText[1], _textFeedForward);
        return (hidden.MoveToOuterDisposeScope(), hiddenText?.MoveToOuterDisposeScope());
    }

    private Tensor Feed(Tensor hidden, Modulation modulation, nn.Module<Tensor, Tensor> feedForward) =>
        modulation.AddTo(hidden, modulation.Normalize(hidden, _eps).Into(feedForward.call));
}
