namespace LatentDiffusion;

/// <summary>A low-rank patch as the builder was given it.</summary>
internal sealed record LoraChoice(string Path, double Scale, UnknownTensorHandling Unknown = UnknownTensorHandling.Refuse);
