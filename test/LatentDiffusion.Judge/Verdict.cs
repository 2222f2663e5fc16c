namespace LatentDiffusion.Judge;

/// <summary>What the judge sees in a picture.</summary>
/// <param name="Subject">The subject's name.</param>
/// <param name="Color">The colour it is painted in.</param>
/// <param name="Attribute">The attribute, empty for none.</param>
internal sealed record Verdict(string Subject, string Color, string Attribute);
