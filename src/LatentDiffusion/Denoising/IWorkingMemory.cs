namespace LatentDiffusion;

/// <summary>A network that knows about how much memory an evaluation takes beyond its weights.</summary>
internal interface IWorkingMemory
{
    /// <summary>An estimate in bytes, rather too high than too low.</summary>
    /// <param name="batch">How many images are evaluated at once.</param>
    /// <param name="pixels">Height times width: of the latents for a denoiser, of the image for an autoencoder.</param>
    long WorkingBytes(long batch, long pixels);
}
