namespace LatentDiffusion.Networks;

/// <summary>Settings of the layers of a tower of CLIP.</summary>
/// <param name="Width">Width of the hidden states.</param>
/// <param name="FeedForwardWidth">Width of the feed-forward.</param>
/// <param name="Heads">Number of attention heads.</param>
/// <param name="Activation">Published name of the activation.</param>
/// <param name="NormEps">Epsilon of the normalisations.</param>
/// <param name="IsCausal">Whether a position attends only to itself and those before it, as in texts.</param>
internal sealed record ClipLayerOptions(int Width, int FeedForwardWidth, int Heads, string Activation, double NormEps, bool IsCausal);
