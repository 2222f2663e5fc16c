namespace Lab;

/// <summary>A section of the report.</summary>
/// <param name="Id">Its anchor.</param>
/// <param name="Title">Its heading.</param>
/// <param name="Html">Its content.</param>
internal sealed record Section(string Id, string Title, string Html);
