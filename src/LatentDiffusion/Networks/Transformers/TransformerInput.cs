using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Input of a transformer of the FLUX families.</summary>
/// <param name="Tokens">
/// The noisy latents as tokens, row by row, and after them the tokens of reference images, [batch, tokens, channels].
/// </param>
/// <param name="Timesteps">Noise levels in [0, 1], of which 1 is noise only, [batch].</param>
/// <param name="HiddenStates">The text, [batch, text tokens, width].</param>
/// <param name="Grid">Size of the noisy latents in tokens.</param>
public sealed record TransformerInput(Tensor Tokens, Tensor Timesteps, Tensor HiddenStates, TokenGrid Grid)
{
    /// <summary>Sizes of the reference images in tokens, in their order. Default none.</summary>
    public IReadOnlyList<TokenGrid> References { get; init; } = [];

    /// <summary>The pooled text, [batch, width]; null, the default, for networks that do not read it.</summary>
    public Tensor? Pooled { get; init; }

    /// <summary>1 for text tokens that may be attended to and 0 for others, [batch, text tokens]; null, the default, for all.</summary>
    public Tensor? Mask { get; init; }

    /// <summary>Guidance scales, [batch]; null, the default, for networks that do not read them.</summary>
    public Tensor? Guidance { get; init; }
}
