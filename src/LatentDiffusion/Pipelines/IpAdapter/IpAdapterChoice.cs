namespace LatentDiffusion;

/// <summary>An IP-Adapter as the builder received it.</summary>
internal sealed record IpAdapterChoice(string File, string? ImageEncoder, IpAdapterWeight Weight);
