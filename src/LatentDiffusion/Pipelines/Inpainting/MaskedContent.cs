namespace LatentDiffusion;

/// <summary>What the repainted area of an image holds before noise is added to it; published name <c>inpainting_fill</c>.</summary>
public enum MaskedContent
{
    /// <summary>The initial image. At a <see cref="GenerationRequest.Strength"/> of 1, noise only, as in diffusers.</summary>
    Original,

    /// <summary>The colours around it, blurred into it (Gortler et al. 1996, "The Lumigraph", section 3.4).</summary>
    Fill,

    /// <summary>Latents drawn from the noise of the seed.</summary>
    LatentNoise,

    /// <summary>Latents of 0.</summary>
    LatentNothing,
}
