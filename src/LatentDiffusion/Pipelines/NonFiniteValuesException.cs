namespace LatentDiffusion;

/// <summary>Latents or pixels of a generation are NaN or infinite, so that an image cannot be returned.</summary>
/// <remarks>
/// <see cref="DiffusionPipelineOptions.AllowNonFiniteValues"/> returns the image anyway. The usual causes are networks in
/// float16, whose largest number is 65504, and LoRA scales that are too large.
/// </remarks>
public sealed class NonFiniteValuesException : NotFiniteNumberException
{
    internal NonFiniteValuesException(string message, int? step = null) : base(message) => Step = step;

    /// <summary>
    /// The denoising step whose latents are not finite, from 1; null if the autoencoder's encoder or decoder gave the values.
    /// </summary>
    public int? Step { get; }
}
