namespace LatentDiffusion.Prompting;

/// <summary>A run of a prompt's text with one weight, or a break between chunks.</summary>
/// <param name="Text">The text as the tokenizer is to see it; empty for a break.</param>
/// <param name="Weight">How much its tokens count; 1 leaves them as they are.</param>
public sealed record PromptFragment(string Text, double Weight = 1)
{
    /// <summary>The end of a chunk; the following text begins the next.</summary>
    public static PromptFragment Break { get; } = new("") { IsBreak = true };

    /// <summary>Whether it is a break.</summary>
    public bool IsBreak { get; private init; }
}
