using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion;

/// <summary>Reuse of features between evaluations of a pipeline's network.</summary>
public static class StepCachingBuilderExtensions
{
    /// <summary>
    /// Computes the lower resolutions of the U-Net only at some evaluations, and reuses them at those between (Ma et al. 2024,
    /// "DeepCache", section 3.3): faster, with slightly different images. Not together with a ControlNet.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="options">How much is reused; null for the defaults.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public static DiffusionPipelineBuilder UseStepCaching(this DiffusionPipelineBuilder builder, StepCachingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        StepCachingOptions valid = ValidOptions.Check(options ?? new());
        return builder.Change(s => s.Features.Set(valid));
    }
}
