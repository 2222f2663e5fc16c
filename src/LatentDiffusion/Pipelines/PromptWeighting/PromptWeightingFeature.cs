namespace LatentDiffusion;

/// <summary>Lets text encoders read weights and long prompts.</summary>
internal static class PromptWeightingFeature
{
    public static void AddTo(PipelineAssembly assembly)
    {
        if (assembly.Choices.Get<PromptWeightingChoice>() is not { } choice) return;
        string model = assembly.Denoiser.Description.ModelName ?? "the pipeline";
        assembly.TextEncoding = encoder =>
            encoder.WithPrompting(choice.Options) ?? (choice.WhereSupported ? encoder : throw Unable(encoder));

        InvalidOperationException Unable(ITextEncoder encoder) => new(
            $"UsePromptWeighting needs a text encoder that reads weights; the one of {model} does not: {nameof(encoder.WithPrompting)} of "
            + $"{encoder.GetType().Name} returned null.");
    }
}
