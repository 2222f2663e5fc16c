namespace LatentDiffusion.Data;

/// <summary>An image that was left out.</summary>
/// <param name="Name">Its file, or its table and row.</param>
/// <param name="Reason">Why it cannot be read.</param>
public sealed record UnreadableImage(string Name, string Reason);
