namespace LatentDiffusion.Judge;

/// <summary>The classes that the judge recognizes in an image.</summary>
internal sealed record Classification(Reading Subject, Reading Color, Reading Attribute);
