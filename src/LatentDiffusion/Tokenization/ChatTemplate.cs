namespace LatentDiffusion.Tokenization;

/// <summary>
/// How a pipeline writes a prompt as one message of a conversation for a language model, as the model's published template
/// renders it.
/// </summary>
/// <param name="Before">Text before the prompt.</param>
/// <param name="After">Text after the prompt, with the beginning of the answer.</param>
public sealed record ChatTemplate(string Before, string After)
{
    private const string User = "<|im_start|>user\n", Assistant = "<|im_end|>\n<|im_start|>assistant\n";

    /// <summary>One message of a user to Qwen3, whose answer may begin with thinking: Z-Image.</summary>
    public static ChatTemplate Qwen3 { get; } = new(User, Assistant);

    /// <summary>One message of a user to Qwen3, whose answer begins with empty thinking: FLUX.2 klein.</summary>
    public static ChatTemplate Qwen3WithoutThinking { get; } = new(User, Assistant + "<think>\n\n</think>\n\n");

    /// <summary>
    /// A system message and one message of a user to Mistral Small 3: FLUX.2 dev. The place of an image is removed from prompts.
    /// </summary>
    public static ChatTemplate Mistral3 { get; } = new(
        "<s>[SYSTEM_PROMPT]You are an AI that reasons about image descriptions. You give structured responses focusing on object "
        + "relationships, object\nattribution and actions without speculation.[/SYSTEM_PROMPT][INST]",
        "[/INST]") { Removed = "[IMG]" };

    /// <summary>A text that is removed from prompts, because it means something else to the model. Null, the default, for none.</summary>
    public string? Removed { get; init; }

    /// <summary>The prompt as a message.</summary>
    /// <param name="prompt">Any text.</param>
    public string Render(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        if (!string.IsNullOrEmpty(Removed)) prompt = prompt.Replace(Removed, "", StringComparison.Ordinal);
        return Before + prompt + After;
    }
}
