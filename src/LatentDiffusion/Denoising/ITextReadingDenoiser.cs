namespace LatentDiffusion;

/// <summary>A denoiser that knows which conditioning it can read.</summary>
internal interface ITextReadingDenoiser : IDenoiser
{
    /// <summary>Width of the hidden states.</summary>
    int TextWidth { get; }

    /// <summary>Width of the pooled text; null where it does not look at one.</summary>
    int? PooledWidth { get; }
}
