namespace LatentDiffusion.Data;

/// <summary>A picture of a folder.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Name">Its path below the folder, with slashes.</param>
/// <param name="Caption">Its caption.</param>
internal sealed record FolderEntry(string Path, string Name, string Caption);
