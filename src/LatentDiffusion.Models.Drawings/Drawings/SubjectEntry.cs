namespace LatentDiffusion.Models.Drawings;

/// <summary>A subject's place in the table.</summary>
internal sealed record SubjectEntry(string Name, Subject Artist, IReadOnlyList<string> Attributes);
