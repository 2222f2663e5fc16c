using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion;

/// <summary>How prompts are read and encoded.</summary>
public sealed record PromptingOptions
{
    /// <summary>Prompts as plain text of at most one window: how encoders read them unless they are given options.</summary>
    public static PromptingOptions Plain { get; } = new() { MaxChunks = 1, Weights = false };

    /// <summary>
    /// Which layer of the text tower gives the hidden states, counted from the end as Stable Diffusion web UI counts: 1, the
    /// default, is the last layer, 2 the one before it. (diffusers' <c>clip_skip</c> is one less, and null for the last.) The
    /// final normalisation follows whichever layer it is. At most the tower's number of layers. For the two towers of SDXL it
    /// counts from the layer that the model was trained with, the one before the last, which nothing normalises. Negative
    /// prompts are of the same layer, the empty one included unless it is zeros; in diffusers <c>clip_skip</c> is not for them.
    /// </summary>
    [Range(1, 1000)]
    public int ClipSkip { get; init; } = 1;

    /// <summary>
    /// How many windows of the text tower a prompt may fill; longer prompts are truncated. 1 to 1000, default 16, which is 1200 tokens
    /// of CLIP. Attention to the text costs as much more as there are windows.
    /// </summary>
    [Range(1, 1000)]
    public int MaxChunks { get; init; } = 16;

    /// <summary>
    /// Whether weights, escapes and breaks are read as <c>WeightedPrompt</c> says; otherwise prompts are plain text. Default true.
    /// </summary>
    public bool Weights { get; init; } = true;
}
