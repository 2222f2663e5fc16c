namespace LatentDiffusion.Networks;

/// <summary>Sizes of an <see cref="ImageResampler"/>.</summary>
/// <param name="InputWidth">Width of the hidden states of an image.</param>
/// <param name="InnerWidth">Width in the layers.</param>
/// <param name="AttentionWidth">Width of all heads of the attention together.</param>
/// <param name="FeedForwardWidth">Width of the feed-forward.</param>
/// <param name="Width">Width of a token.</param>
/// <param name="Tokens">Number of tokens.</param>
/// <param name="Depth">Number of layers.</param>
internal sealed record ImageResamplerOptions(
    long InputWidth, long InnerWidth, long AttentionWidth, long FeedForwardWidth, long Width, long Tokens, int Depth);
