namespace LatentDiffusion;

/// <summary>A way to steer a denoiser, as a decorator around it. Immutable and safe for concurrent use.</summary>
/// <example>
/// <code>
/// using LatentDiffusion;
/// using TorchSharp;
/// using static TorchSharp.torch;
///
/// using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseDrawingsModel().UseGuidance(new FadingGuidance()).Build();
/// pipeline.Generate(new GenerationRequest { Prompt = "a blue bird", GuidanceScale = 3 });
///
/// // The scale falls to 1 from the first step to the last.
/// internal sealed class FadingGuidance : IGuidance
/// {
///     public bool NeedsUnconditional => true;
///
///     public GuidedDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale) => input =>
///     {
///         using DisposeScope scope = NewDisposeScope();
///         Tensor with = denoiser.Predict(input), without = denoiser.Predict(input with { Conditioning = unconditional! });
///         Tensor guided = with.Add(with - without, (scale - 1) * input.Timestep / 1000);
///         return new GuidedPrediction(guided.MoveToOuterDisposeScope());
///     };
/// }
/// </code>
/// </example>
public interface IGuidance
{
    /// <summary>Whether <see cref="Guide"/> needs the conditioning of the negative (or empty) prompt.</summary>
    bool NeedsUnconditional { get; }

    /// <summary>Whether it does anything at a scale of 1, where classifier-free guidance does nothing. Default false.</summary>
    bool ActsAtScaleOne => false;

    /// <summary>
    /// Whether it does anything at a scale, and needs the negative prompt for it. Default at every scale, except at 1 where
    /// <see cref="ActsAtScaleOne"/> is false.
    /// </summary>
    /// <param name="scale">The scale of a generation.</param>
    bool ActsAt(double scale) => scale != 1 || ActsAtScaleOne;

    /// <summary>The guidance that this one decorates. Null, the default, for none.</summary>
    IGuidance? Inner => null;

    /// <summary>Its options, which the metadata of images contains as JSON. Null, the default, for none.</summary>
    object? Options => null;

    /// <summary>
    /// Refuses a denoiser that lacks what the guidance needs; called when a pipeline is built. Default: whatever <see cref="Inner"/>
    /// refuses.
    /// </summary>
    /// <param name="denoiser">Description of the denoiser.</param>
    /// <exception cref="NotSupportedException">The denoiser does not support the guidance.</exception>
    /// <exception cref="ArgumentException">An option of the guidance does not fit the denoiser; the message names it.</exception>
    void Validate(DenoiserDescription denoiser) => Inner?.Validate(denoiser);

    /// <summary>Wraps the denoiser for one generation.</summary>
    /// <param name="denoiser">The denoiser to steer.</param>
    /// <param name="unconditional">
    /// Conditioning of the negative prompt with the generation's batch size; null where <see cref="NeedsUnconditional"/> is false.
    /// </param>
    /// <param name="scale">How strongly to steer: the w of ε̃ = ε_u + w·(ε_c − ε_u), where 1 disables guidance.</param>
    GuidedDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale);
}
