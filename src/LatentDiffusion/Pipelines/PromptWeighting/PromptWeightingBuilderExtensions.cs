namespace LatentDiffusion;

/// <summary>Weights and long prompts of a pipeline.</summary>
public static class PromptWeightingBuilderExtensions
{
    /// <summary>Reads weights, long prompts and breaks, and skips layers of the text tower: see <see cref="WeightedPrompt"/>.</summary>
    /// <param name="builder">The builder.</param>
    /// <param name="options">
    /// How to read and encode; null for the defaults. <see cref="DiffusionPipelineBuilder.Build(IServiceProvider?)"/> refuses a text
    /// encoder that cannot.
    /// </param>
    /// <param name="whereSupported">
    /// Whether text encoders that read no weights, such as T5 and language models, get prompts as plain text. Default false: they are
    /// refused.
    /// </param>
    /// <returns>The builder.</returns>
    public static DiffusionPipelineBuilder UsePromptWeighting(
        this DiffusionPipelineBuilder builder, PromptingOptions? options = null, bool whereSupported = false)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Change(s => s.Features.Set(new PromptWeightingChoice(options ?? new PromptingOptions(), whereSupported)));
    }
}
