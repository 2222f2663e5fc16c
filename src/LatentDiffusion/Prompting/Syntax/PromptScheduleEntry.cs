namespace LatentDiffusion.Prompting;

/// <summary>The text of a prompt in some steps.</summary>
/// <param name="LastStep">The last step with this text, counted from 1.</param>
/// <param name="Text">The text, with weights and escapes as they were written.</param>
public sealed record PromptScheduleEntry(int LastStep, string Text);
