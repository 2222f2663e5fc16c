namespace LatentDiffusion.Denoising;

/// <summary>Values that one generation computes once for its steps, images and guidance. Not safe for concurrent use.</summary>
internal sealed class RunCache : IDisposable
{
    /// <summary>Keys and values of the texts seen so far. With changed self-attention or without, a text has the same.</summary>
    public TextCache Texts { get; } = new();

    /// <summary>Time embeddings and their projections at the timesteps seen so far.</summary>
    public TimeCache Times { get; } = new();

    public void Dispose()
    {
        Texts.Dispose();
        Times.Dispose();
    }
}
