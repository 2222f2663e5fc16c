using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// A block of Z-Image over one stream: attention and feed-forward, each normalised before and after. The condition, where there is one,
/// modulates both.
/// </summary>
internal sealed class ZImageBlock : LayerGroup
{
    /// <summary>Scale and gate of attention and feed-forward.</summary>
    private const int Parts = 4;

    [ComponentName(Name = "attention")] private readonly JointAttention _attention;
    [ComponentName(Name = "feed_forward")] private readonly ZImageFeedForward _feedForward;
    [ComponentName(Name = "attention_norm1")] private readonly RmsNormLayer _attentionNorm;
    [ComponentName(Name = "ffn_norm1")] private readonly RmsNormLayer _feedForwardNorm;
    [ComponentName(Name = "attention_norm2")] private readonly RmsNormLayer _attendedNorm;
    [ComponentName(Name = "ffn_norm2")] private readonly RmsNormLayer _fedNorm;
    [ComponentName(Name = "adaLN_modulation")] private readonly LayerList<LinearLayer>? _modulation;

    /// <param name="layers">Makes the layers.</param>
    /// <param name="config">The network's configuration.</param>
    /// <param name="conditionWidth">Width of the condition; null for a block without one.</param>
    public ZImageBlock(LayerFactory layers, ZImageTransformerConfig config, int? conditionWidth) : base(nameof(ZImageBlock))
    {
        // The published attention has this constant where the block has an option.
        const double QueryKeyEps = 1e-5;
        int width = config.Dim;
        _attention = new JointAttention(layers, new JointAttentionOptions(width, config.NHeads, width / config.NHeads)
        {
            Bias = false, NormalizesQueriesAndKeys = config.QkNorm, Eps = QueryKeyEps,
        });
        _feedForward = new ZImageFeedForward(layers, width);
        (_attentionNorm, _feedForwardNorm, _attendedNorm, _fedNorm) = (Norm(), Norm(), Norm(), Norm());
        if (conditionWidth is { } condition) _modulation = new LayerList<LinearLayer>(layers.Linear(condition, Parts * width));
        RegisterComponents();

        RmsNormLayer Norm() => layers.RmsNorm(width, config.NormEps);
    }

    /// <inheritdoc cref="JointTransformerBlock.Recomputes"/>
    public bool Recomputes { get; set; }

    /// <summary>Evaluates the block.</summary>
    /// <param name="tokens">[batch, tokens, width].</param>
    /// <param name="conditions">Rotations, bias of the attention, and the condition of the image, [batch, width].</param>
    public Tensor Run(Tensor tokens, JointConditions conditions) => Recomputes
        ? GradientCheckpoint.Run(
            inputs => Compute(inputs[0], conditions.With([.. inputs.Skip(1)])), drops: false, [tokens, .. conditions.Tensors])
        : Compute(tokens, conditions);

    private Tensor Compute(Tensor tokens, JointConditions conditions)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor[]? parts = _modulation?[0].call(conditions.Image).unsqueeze(1).chunk(Parts, -1);
        Tensor attended = _attention.Attend(Scaled(_attentionNorm.call(tokens), parts?[0]), conditions.Rotations, conditions.Bias);
        Tensor hidden = Sum(tokens, _attendedNorm.call(attended), parts?[1]);
        Tensor fed = _feedForward.call(Scaled(_feedForwardNorm.call(hidden), parts?[2]));
        return Sum(hidden, _fedNorm.call(fed), parts?[3]).MoveToOuterDisposeScope();

        static Tensor Scaled(Tensor normal, Tensor? scale) => scale is null ? normal : normal * scale.Add(1);

        static Tensor Sum(Tensor residual, Tensor output, Tensor? gate) =>
            gate is null ? residual.Add(output) : residual.AddProduct(gate.tanh(), output);
    }
}
