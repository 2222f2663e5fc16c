namespace LatentDiffusion.Networks;

/// <summary>The projections of a <see cref="JointAttention"/>.</summary>
/// <param name="Width">Width of the tokens.</param>
/// <param name="Heads">Number of attention heads.</param>
/// <param name="HeadWidth">Channels of a head.</param>
internal sealed record JointAttentionOptions(int Width, int Heads, int HeadWidth)
{
    /// <summary>Whether the projections have biases. Default true.</summary>
    public bool Bias { get; init; } = true;

    /// <summary>Whether queries and keys are normalised by their root mean square. Default true.</summary>
    public bool NormalizesQueriesAndKeys { get; init; } = true;

    /// <summary>Added to the mean square. Default 1e-6.</summary>
    public double Eps { get; init; } = 1e-6;

    /// <summary>Whether there is a second stream, the text, with projections for itself. Default false.</summary>
    public bool HasText { get; init; }

    /// <summary>Whether the attended image is projected. Default true.</summary>
    public bool HasOutput { get; init; } = true;

    /// <summary>Whether the attended text is projected. Default true; false in a block that ends the text stream.</summary>
    public bool HasTextOutput { get; init; } = true;
}
