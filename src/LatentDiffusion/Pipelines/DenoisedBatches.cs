namespace LatentDiffusion;

/// <summary>The batches of a generation between denoising and decoding. Owns their noise.</summary>
internal sealed class DenoisedBatches : List<DenoisedBatch>, IDisposable
{
    public void Dispose()
    {
        foreach (DenoisedBatch batch in this) batch.Dispose();
        Clear();
    }
}
