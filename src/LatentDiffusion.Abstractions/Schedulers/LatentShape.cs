namespace LatentDiffusion.Schedulers;

/// <summary>The size of the latents of one image.</summary>
/// <param name="Channels">Number of channels, at least 1.</param>
/// <param name="Height">Height in latents: that of the image divided by the autoencoder's downsampling factor.</param>
/// <param name="Width">Width in latents.</param>
public readonly record struct LatentShape(int Channels, int Height, int Width)
{
    /// <summary>How many tokens a transformer makes of the latents: square patches, those at the edges only where they are whole.</summary>
    /// <param name="patchSize">Side of a patch in latents, at least 1. Default 2, as in FLUX and Stable Diffusion 3.</param>
    public int Tokens(int patchSize = 2) => Height / patchSize * (Width / patchSize);
}
