namespace LatentDiffusion;

/// <summary>A ControlNet as the builder received it.</summary>
/// <param name="Folder">Its folder or file.</param>
/// <param name="Weight">Complete, except for the mode.</param>
/// <param name="Modes">The control type of each of its images, for a union ControlNet; null for others.</param>
internal sealed record ControlNetChoice(string Folder, ControlWeight Weight, IReadOnlyList<int>? Modes = null);
