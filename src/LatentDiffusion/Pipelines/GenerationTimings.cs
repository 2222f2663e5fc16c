namespace LatentDiffusion;

/// <summary>How long each part of a generation took.</summary>
/// <param name="TextEncoding">Prompts to conditioning.</param>
/// <param name="Denoising">All network evaluations and scheduler steps, and encoding the initial image.</param>
/// <param name="Decoding">Latents to pixels.</param>
public sealed record GenerationTimings(TimeSpan TextEncoding, TimeSpan Denoising, TimeSpan Decoding)
{
    /// <summary>Enlarging decoded images (<see cref="GenerationRequest.FinalUpscale"/>).</summary>
    public TimeSpan Upscaling { get; init; }

    /// <summary>The sum of all parts.</summary>
    public TimeSpan Total => TextEncoding + Denoising + Decoding + Upscaling;
}
