namespace LatentDiffusion.Evaluation;

/// <summary>A row of a sample sheet.</summary>
/// <param name="Label">Text above the row, for example the prompt; truncated if it is longer than the row. May be empty.</param>
/// <param name="Images">Its images from the left, of any sizes.</param>
public sealed record SheetRow(string Label, IReadOnlyList<ImageBuffer> Images);
