namespace LatentDiffusion;

/// <summary>A feature's part in one generation. Owns what it computes once for all passes.</summary>
internal interface IFeatureRun : IDisposable
{
    /// <summary>What the feature adds to one pass of a request. The tensors belong to the caller's dispose scope.</summary>
    /// <param name="pass">The request of the pass, complete and with its size.</param>
    /// <param name="index">Which of the generation's requests it is, from 0.</param>
    IFeaturePass Prepare(GenerationRequest pass, int index);

    /// <summary>Releases what the generation used.</summary>
    void IDisposable.Dispose()
    {
    }
}
