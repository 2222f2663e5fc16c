namespace LatentDiffusion;

/// <summary>The folder of adapters that prompts may name.</summary>
internal sealed record PromptLoraChoice(string Folder, UnknownTensorHandling Unknown);
