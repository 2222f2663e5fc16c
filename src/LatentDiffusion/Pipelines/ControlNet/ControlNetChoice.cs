namespace LatentDiffusion;

/// <summary>A ControlNet as it was asked for.</summary>
internal sealed record ControlNetChoice(string Folder, ControlWeight Weight);
