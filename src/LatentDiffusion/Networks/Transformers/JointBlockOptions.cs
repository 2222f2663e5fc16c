using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>The parts of a <see cref="JointTransformerBlock"/>.</summary>
/// <param name="Attention">Projections of the attention over both streams.</param>
/// <param name="FeedForward">Makes the feed-forward of a stream.</param>
internal sealed record JointBlockOptions(JointAttentionOptions Attention, Func<LayerFactory, nn.Module<Tensor, Tensor>> FeedForward)
{
    /// <summary>
    /// Whether the block projects the condition to shifts, scales and gates itself. Default true; false where blocks share the projection.
    /// </summary>
    public bool ProjectsCondition { get; init; } = true;

    /// <summary>Whether the text stream ends with the block's attention (the last block of Stable Diffusion 3). Default false.</summary>
    public bool EndsText { get; init; }

    /// <summary>Whether the image also attends to itself only (Stable Diffusion 3.5 medium). Default false.</summary>
    public bool HasSelfAttention { get; init; }

    /// <summary>Added to the variance of the normalisations. Default 1e-6.</summary>
    public double Eps { get; init; } = 1e-6;
}
