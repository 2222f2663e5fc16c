using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// A block over one stream whose attention and feed-forward are computed from the same input and projected together (Dehghani et al. 2023,
/// section 2), as in FLUX.1 and Chroma.
/// </summary>
internal sealed class SingleTransformerBlock : LayerGroup
{
    private const double Eps = 1e-6;

    [ComponentName(Name = "norm")] private readonly AdaLayerNormZero? _condition;
    [ComponentName(Name = "proj_mlp")] private readonly LinearLayer _feedForward;
    [ComponentName(Name = "proj_out")] private readonly LinearLayer _out;
    [ComponentName(Name = "attn")] private readonly JointAttention _attention;

    /// <param name="layers">Makes the layers.</param>
    /// <param name="attention">Projections of the attention.</param>
    /// <param name="projectsCondition">Whether the block projects the condition to shift, scale and gate itself.</param>
    public SingleTransformerBlock(LayerFactory layers, JointAttentionOptions attention, bool projectsCondition)
        : base(nameof(SingleTransformerBlock))
    {
        const int HiddenRatio = 4;
        long width = attention.Width, hidden = HiddenRatio * width;
        if (projectsCondition) _condition = new AdaLayerNormZero(layers, width, 1);
        _feedForward = layers.Linear(width, hidden);
        _out = layers.Linear(width + hidden, width);
        _attention = new JointAttention(layers, attention with { HasOutput = false });
        RegisterComponents();
    }

    /// <inheritdoc cref="JointTransformerBlock.Recomputes"/>
    public bool Recomputes { get; set; }

    /// <summary>Evaluates the block.</summary>
    /// <param name="tokens">[batch, tokens, width].</param>
    /// <param name="conditions">Additional inputs; the condition of the image is that of all tokens.</param>
    public Tensor Run(Tensor tokens, JointConditions conditions) => Recomputes
        ? GradientCheckpoint.Run(
            inputs => Compute(inputs[0], conditions.With([.. inputs.Skip(1)])), drops: false, [tokens, .. conditions.Tensors])
        : Compute(tokens, conditions);

    private Tensor Compute(Tensor tokens, JointConditions conditions)
    {
        using DisposeScope scope = NewDisposeScope();
        Modulation modulation = Modulation.Split(_condition?.call(conditions.Image) ?? conditions.Image)[0];
        Tensor normal = modulation.Normalize(tokens, Eps);
        Tensor hidden = _feedForward.call(normal).Into(Activations.GeluTanh);
        Tensor attended = _attention.Attend(normal, conditions.Rotations, conditions.Bias);
        return modulation.AddTo(tokens, _out.call(cat([attended, hidden], -1))).MoveToOuterDisposeScope();
    }
}
