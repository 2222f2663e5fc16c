using static TorchSharp.torch;

namespace LatentDiffusion.Guidance;

/// <summary>
/// Classifier-free guidance, ε̃ = ε_u + w·(ε_c − ε_u) (Ho &amp; Salimans 2022, equation 6 with w = 1 + their w). At a scale
/// of 1 only the conditional pass is evaluated.
/// </summary>
/// <param name="options">How the passes go through the network; null for one batch.</param>
/// <example>
/// <code>
/// using LatentDiffusion;
/// using LatentDiffusion.Guidance;
///
/// using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
///     .UseModelFolder("models/stable-diffusion-v1-5")
///     .UseGuidance(new ClassifierFreeGuidance(new() { SeparatePasses = true }))
///     .Build();
/// pipeline.Generate(new GenerationRequest { Prompt = "a harbour at dawn", NegativePrompt = "people", GuidanceScale = 7 });
/// </code>
/// </example>
public sealed class ClassifierFreeGuidance(ClassifierFreeGuidanceOptions? options = null) : IGuidance
{
    private readonly bool _separate = options?.SeparatePasses ?? false;

    /// <inheritdoc />
    public bool NeedsUnconditional => true;

    /// <inheritdoc />
    public GuidedDenoiser Guide(IDenoiser denoiser, Conditioning? unconditional, double scale)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        if (scale == 1) return GuidancePasses.Unguided(denoiser);
        ArgumentNullException.ThrowIfNull(unconditional);
        return GuidancePasses.Scoped(input =>
        {
            (Tensor without, Tensor with, Tensor? variance) = GuidancePasses.Both(denoiser, input, unconditional, _separate);
            Tensor guided = without.Add((with - without).Multiply(scale));
            return new GuidedPrediction(guided) { Conditional = with, Unconditional = without, Variance = variance };
        });
    }
}
