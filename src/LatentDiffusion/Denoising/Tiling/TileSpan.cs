namespace LatentDiffusion.Denoising;

/// <summary>Where a tile lies along one axis, in latent pixels.</summary>
/// <param name="Start">Its beginning.</param>
/// <param name="Length">How long it is.</param>
/// <param name="OwnStart">Where the part begins that no other tile counts as its own.</param>
/// <param name="OwnLength">How long that part is.</param>
/// <param name="Index">Its number along the axis.</param>
internal readonly record struct TileSpan(long Start, long Length, long OwnStart, long OwnLength, int Index);
