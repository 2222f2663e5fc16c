namespace LatentDiffusion.Data;

/// <summary>A row of a metadata file.</summary>
/// <param name="Line">Its line, from 1, for messages.</param>
/// <param name="FileName">The picture's path as it is written there.</param>
/// <param name="Caption">Its caption.</param>
internal sealed record MetadataRow(long Line, string FileName, string Caption);
