namespace LatentDiffusion;

/// <summary>How a pipeline reads prompts, as the builder was given it.</summary>
internal sealed record PromptWeightingChoice(PromptingOptions Options, bool WhereSupported);
