namespace LatentDiffusion.Data;

/// <summary>A row of a metadata file.</summary>
/// <param name="Line">Its line, from 1, for messages.</param>
/// <param name="FileName">The image's path as written there.</param>
/// <param name="Captions">Its captions, at least one.</param>
internal sealed record MetadataRow(long Line, string FileName, IReadOnlyList<string> Captions);
