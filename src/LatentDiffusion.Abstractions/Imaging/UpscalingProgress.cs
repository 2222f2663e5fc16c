namespace LatentDiffusion;

/// <summary>Progress of enlarging one image.</summary>
/// <param name="CompletedTiles">Tiles that are done.</param>
/// <param name="TotalTiles">All tiles, over all passes of the network.</param>
public readonly record struct UpscalingProgress(int CompletedTiles, int TotalTiles);
