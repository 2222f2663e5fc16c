namespace LatentDiffusion.Prompting;

/// <summary>
/// A prompt with weights in the notation of Stable Diffusion web UI: <c>(word:1.3)</c> has the weight 1.3, <c>(word)</c> 1.1,
/// <c>[word]</c> 1/1.1; nested weights multiply; <c>\(</c>, <c>\)</c>, <c>\[</c>, <c>\]</c> and <c>\\</c> stand for the
/// characters themselves, and a backslash before anything else for nothing; <c>BREAK</c> ends a chunk. As there, a bracket
/// that closes nothing is text, and one that is never closed weighs all that follows. An opening bracket within 64 others is
/// text as well. Immutable.
/// </summary>
public sealed class WeightedPrompt
{
    /// <summary>Weights are kept within ±100: beyond, hidden states would no longer be numbers.</summary>
    public const double MaximumWeight = 100;

    internal WeightedPrompt(IReadOnlyList<PromptFragment> fragments) => Fragments = fragments;

    /// <summary>The text in order; neighbours differ in weight, and none but breaks is empty.</summary>
    public IReadOnlyList<PromptFragment> Fragments { get; }

    /// <summary>Whether every weight is 1 and no chunk is broken off.</summary>
    public bool IsPlain => Fragments.All(f => f is { IsBreak: false, Weight: 1 });

    /// <summary>Reads a prompt. Any text is one.</summary>
    /// <param name="prompt">The prompt.</param>
    public static WeightedPrompt Parse(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        return new PromptParser().Parse(prompt);
    }

    /// <summary>The prompt as text, which <see cref="Parse"/> reads as this prompt.</summary>
    public override string ToString() => PromptWriter.Write(Fragments);
}
