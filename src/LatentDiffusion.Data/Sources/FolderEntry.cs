namespace LatentDiffusion.Data;

/// <summary>An image of a folder.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Name">Its path relative to the folder, with slashes.</param>
/// <param name="Captions">Its captions, at least one.</param>
/// <param name="Problem">Why it cannot be used, if that is known before its file is opened; otherwise null.</param>
internal sealed record FolderEntry(string Path, string Name, IReadOnlyList<string> Captions, string? Problem = null);
