namespace LatentDiffusion.Training;

/// <summary>The data that an objective's run is of.</summary>
internal static class TextConditioningExtensions
{
    /// <summary>Identifies the latents, and the texts where the cache of latents does not.</summary>
    public static string DataKey(this ITextConditioning texts, LatentCache latents) =>
        texts.ContentKey is { } key ? $"{latents.Key} {key}" : latents.Key;
}
