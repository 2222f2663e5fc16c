namespace LatentDiffusion;

/// <summary>What a feature adds to the denoiser in one pass of an image, or of images that share their evaluations.</summary>
internal interface IFeaturePass
{
    /// <summary>Joins the passes of images that share their evaluations.</summary>
    /// <param name="images">Those of the same feature, at least one.</param>
    IFeaturePass Batch(IReadOnlyList<IFeaturePass> images);

    /// <summary>Extends the denoiser under guidance, for example by residuals.</summary>
    /// <param name="denoiser">The denoiser, which stays as it is.</param>
    /// <param name="run">The scheduler's run, where it begins.</param>
    /// <returns>A run over the denoiser, to be disposed after the pass; null where nothing is added.</returns>
    IDenoiserRun? Extend(IDenoiser denoiser, ISchedulerRun run) => null;

    /// <summary>Extends the denoiser above guidance, for example by another model at some timesteps.</summary>
    /// <param name="denoiser">The guided denoiser.</param>
    /// <param name="guide">Guides another denoiser in the same way.</param>
    GuidedDenoiser Extend(GuidedDenoiser denoiser, Guide guide) => denoiser;

    /// <summary>Guides a denoiser as the request asks.</summary>
    /// <param name="denoiser">The denoiser.</param>
    /// <param name="negative">What guidance leads away from; null where it needs none.</param>
    delegate GuidedDenoiser Guide(IDenoiser denoiser, Conditioning? negative);
}
