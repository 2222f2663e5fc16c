namespace LatentDiffusion.Judge;

/// <summary>What the judge sees in a picture.</summary>
internal sealed record Classification(Reading Subject, Reading Color, Reading Attribute);
