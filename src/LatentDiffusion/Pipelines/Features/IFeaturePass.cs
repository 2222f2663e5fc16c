using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Additions of a feature to the denoiser in one pass of an image, or of images that share their evaluations.</summary>
internal interface IFeaturePass
{
    /// <summary>Joins the passes of images that share their evaluations.</summary>
    /// <param name="images">Passes of the same feature, at least one.</param>
    IFeaturePass Batch(IReadOnlyList<IFeaturePass> images);

    /// <summary>Resizes the latents of the previous pass to the size of this pass. Not called on joined passes.</summary>
    /// <param name="latents">Of one image, [1, channels, height, width].</param>
    /// <returns>In the caller's dispose scope; null where the feature does not do it.</returns>
    LatentDistribution? Enlarge(Tensor latents) => null;

    /// <summary>
    /// Adds tensors to the conditioning that guidance batches with the texts. New tensors belong to the caller's dispose scope, and
    /// <see cref="Extend(IDenoiser, ISchedulerRun)"/> takes them out again.
    /// </summary>
    /// <param name="prompt">Conditioning of prompt and negative prompt; null where guidance does not need the latter.</param>
    (Conditioning Text, Conditioning? Negative) Condition((Conditioning Text, Conditioning? Negative) prompt) => prompt;

    /// <summary>Extends the denoiser under guidance, for example by residuals.</summary>
    /// <param name="denoiser">The denoiser, which stays as it is.</param>
    /// <param name="run">The scheduler's run, where it begins.</param>
    /// <returns>A run over the denoiser, to be disposed after the pass; null where nothing is added.</returns>
    IDenoiserRun? Extend(IDenoiser denoiser, ISchedulerRun run) => null;

    /// <summary>Extends guidance, for example by an image.</summary>
    /// <param name="guide">Guides a denoiser as the request asks.</param>
    Guide Extend(Guide guide) => guide;

    /// <summary>Extends the denoiser above guidance, for example by another model at some timesteps.</summary>
    /// <param name="denoiser">The guided denoiser.</param>
    /// <param name="run">The scheduler's run, where it begins.</param>
    /// <param name="guide">Guides another denoiser in the same way.</param>
    GuidedDenoiser Extend(GuidedDenoiser denoiser, ISchedulerRun run, Guide guide) => denoiser;

    /// <summary>Guides a denoiser as the request asks.</summary>
    /// <param name="denoiser">The denoiser.</param>
    /// <param name="negative">The negative conditioning; null if guidance needs none.</param>
    delegate GuidedDenoiser Guide(IDenoiser denoiser, Conditioning? negative);
}
