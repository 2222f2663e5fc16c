namespace LatentDiffusion.Prompting;

/// <summary>The prompts of a request as they are read.</summary>
/// <param name="Prompt">The prompt.</param>
/// <param name="Negative">The negative prompt.</param>
internal sealed record RequestPrompts(PromptTimeline Prompt, PromptTimeline Negative);
