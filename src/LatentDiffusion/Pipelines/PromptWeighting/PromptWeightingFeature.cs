namespace LatentDiffusion;

/// <summary>Lets text encoders read weights and long prompts.</summary>
internal static class PromptWeightingFeature
{
    public static void AddTo(PipelineAssembly assembly)
    {
        if (assembly.Choices.Get<PromptingOptions>() is not { } options) return;
        assembly.TextEncoding = encoder => encoder.WithPrompting(options) ?? throw new InvalidOperationException(
            $"UsePromptWeighting needs a text encoder that reads weights; WithPrompting of {encoder.GetType().Name} returned null.");
    }
}
