namespace LatentDiffusion.Evaluation;

/// <summary>A row of a sample sheet.</summary>
/// <param name="Label">What stands above it, for example the prompt; cut off where it is longer than the row. May be empty.</param>
/// <param name="Pictures">Its pictures from the left; of any sizes.</param>
public sealed record SheetRow(string Label, IReadOnlyList<ImageBuffer> Pictures);
