namespace LatentDiffusion;

/// <summary>The shapes of a prompt's conditioning.</summary>
/// <param name="Tokens">Number of hidden states.</param>
/// <param name="Width">Of each.</param>
/// <param name="Pooled">Width of the pooled text; null for none.</param>
/// <param name="Masked">Whether there is a mask.</param>
internal readonly record struct TextShape(long Tokens, long Width, long? Pooled, bool Masked = false)
{
    public static TextShape Of(Conditioning text) =>
        new(text.HiddenStates.shape[1], text.HiddenStates.shape[2], text.Pooled?.shape[^1], text.Mask is not null);

    /// <summary>No prompt has as many windows as the prompt, all alike.</summary>
    public TextShape LengthenedTo(long tokens) => tokens % Tokens == 0 ? this with { Tokens = tokens } : this;

    public override string ToString() => FormattableString.Invariant(
        $"[1, {Tokens}, {Width}]{(Pooled is { } pooled ? $", pooled to [1, {pooled}]" : "")}{(Masked ? ", masked" : "")}");
}
