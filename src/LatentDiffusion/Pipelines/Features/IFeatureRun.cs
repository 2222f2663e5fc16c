namespace LatentDiffusion;

/// <summary>A feature's part in one generation. Owns the values computed once for all passes.</summary>
internal interface IFeatureRun : IDisposable
{
    /// <summary>The feature's additions to one pass of a request. The tensors belong to the caller's dispose scope.</summary>
    /// <param name="pass">The request of the pass, complete and with its size.</param>
    /// <param name="index">Which of the generation's requests it is, from 0.</param>
    IFeaturePass Prepare(GenerationRequest pass, int index);

    /// <summary>Changes a decoded image, for example its size.</summary>
    /// <param name="image">The image, as the feature before left it.</param>
    /// <param name="index">Which of the generation's requests it is of, from 0.</param>
    ImageBuffer Finish(ImageBuffer image, int index) => image;

    /// <summary>Releases the resources of the generation.</summary>
    void IDisposable.Dispose()
    {
    }
}
