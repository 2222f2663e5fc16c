namespace LatentDiffusion;

/// <summary>The shapes of one prompt's conditioning.</summary>
/// <param name="Tokens">Number of hidden states.</param>
/// <param name="Width">Width of a hidden state.</param>
/// <param name="PooledWidth">Width of the pooled text; null for none.</param>
/// <param name="IsMasked">Whether there is a mask of the tokens. Default false.</param>
public readonly record struct TextShape(long Tokens, long Width, long? PooledWidth = null, bool IsMasked = false)
{
    /// <summary>The shapes of a conditioning.</summary>
    /// <param name="text">The conditioning; its batch does not count.</param>
    public static TextShape FromConditioning(Conditioning text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return new(text.HiddenStates.shape[1], text.HiddenStates.shape[2], text.Pooled?.shape[^1], text.Mask is not null);
    }

    /// <summary>As [1, tokens, width], with the pooled width and the mask where there are any.</summary>
    public override string ToString() => FormattableString.Invariant(
        $"[1, {Tokens}, {Width}]{(PooledWidth is { } pooled ? $", pooled to [1, {pooled}]" : "")}{(IsMasked ? ", masked" : "")}");
}
