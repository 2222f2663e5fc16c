using LatentDiffusion;
using LatentDiffusion.Guidance;

namespace StableDiffusion;

/// <summary>Refuses a negative prompt that the model would not read.</summary>
internal static class NegativePromptRule
{
    /// <exception cref="ArgumentException">Guidance does not lead away from a negative prompt.</exception>
    public static void Check(GenerationRequest request, DiffusionModel model)
    {
        IGuidance guidance = model.Guidance ?? new ClassifierFreeGuidance();
        double scale = request.GuidanceScale ?? model.GuidanceScale ?? RequestSettings.GuidanceScale.Default!.Value;
        if (request.NegativePrompt.Length == 0 || (guidance.NeedsUnconditional && guidance.ActsAt(scale))) return;
        string family = model.Components?.Family.Name ?? "the model";
        throw new ArgumentException(guidance.NeedsUnconditional
            ? FormattableString.Invariant($"--negative is given; expected none for {family} at a guidance scale of {scale}.")
            : $"--negative is given; expected none for {family}, which reads no negative prompt.");
    }
}
