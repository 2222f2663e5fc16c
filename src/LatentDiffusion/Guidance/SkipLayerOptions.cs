using System.ComponentModel.DataAnnotations;
using System.Diagnostics.CodeAnalysis;

namespace LatentDiffusion.Guidance;

/// <summary>How <see cref="SkipLayerGuidance"/> steers. The defaults are those published for Stable Diffusion 3.5 medium.</summary>
public sealed record SkipLayerOptions : IValidatableObject
{
    /// <summary>s, published name <c>skip_layer_guidance_scale</c>; 0 disables it. In [0, 100], default 2.8.</summary>
    [Range(0.0, 100.0)]
    public double Scale { get; init; } = 2.8;

    /// <summary>
    /// The layers that are skipped, published name <c>skip_guidance_layers</c>: indices into
    /// <see cref="DenoiserDescription.SkippableLayers"/>. Default 7, 8 and 9.
    /// </summary>
    [Required, MinLength(1)]
    [UnconditionalSuppressMessage("Trimming", "IL2026", Justification = "Lists keep Count, which their interface has.")]
    public IReadOnlyList<int> Layers { get; init; } = [7, 8, 9];

    /// <summary>
    /// Fraction of the steps after which is guided, published name <c>skip_layer_guidance_start</c>: the steps that more than this lies
    /// behind. In [0, 1], default 0.01, so that the first step is not guided.
    /// </summary>
    [Range(0.0, 1.0)]
    public double Start { get; init; } = 0.01;

    /// <summary>
    /// Fraction of the steps before which is guided, published name <c>skip_layer_guidance_stop</c>. Above <see cref="Start"/>, in [0, 1],
    /// default 0.2.
    /// </summary>
    [Range(0.0, 1.0)]
    public double Stop { get; init; } = 0.2;

    /// <summary>Checks that the interval is not empty, and that the layers are indices.</summary>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Start >= Stop) yield return new($"Stop is {Stop}; it must be above Start, {Start}.", [nameof(Stop)]);
        foreach (int layer in Layers)
            if (layer < 0) yield return new($"Layers has {layer}; a layer is an index of at least 0.", [nameof(Layers)]);
    }
}
