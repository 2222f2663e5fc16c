namespace LatentDiffusion.Judge;

/// <summary>What the judge recognizes in an image.</summary>
internal sealed record Classification(Reading Subject, Reading Color, Reading Attribute);
