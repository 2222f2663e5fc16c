namespace LatentDiffusion;

/// <summary>How long each part of a generation took.</summary>
/// <param name="TextEncoding">Prompts to conditioning.</param>
/// <param name="Denoising">All network evaluations and scheduler steps, and the picture to start from to its latents.</param>
/// <param name="Decoding">Latents to pixels.</param>
public sealed record GenerationTimings(TimeSpan TextEncoding, TimeSpan Denoising, TimeSpan Decoding)
{
    /// <summary>All of it.</summary>
    public TimeSpan Total => TextEncoding + Denoising + Decoding;
}
