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
    public static DiffusionPipelineBuilder UsePromptWeighting(this DiffusionPipelineBuilder builder, PromptingOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Change(s => s.Features.Set(options ?? new PromptingOptions()));
    }
}
