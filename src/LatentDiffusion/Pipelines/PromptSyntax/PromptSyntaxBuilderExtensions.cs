namespace LatentDiffusion;

/// <summary>Prompts of a pipeline that change from step to step.</summary>
public static class PromptSyntaxBuilderExtensions
{
    /// <summary>
    /// Reads prompt editing, alternation, composition with AND, and comments, with every text encoder: see <see cref="PromptSchedule"/>.
    /// Weights and <c>BREAK</c> need <see cref="PromptWeightingBuilderExtensions.UsePromptWeighting"/> too, and a request with
    /// <c>BREAK</c> is refused without it.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="options">Which notations are read; null for all.</param>
    /// <returns>The builder.</returns>
    public static DiffusionPipelineBuilder UsePromptSyntax(this DiffusionPipelineBuilder builder, PromptSyntaxOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.Change(s => s.Features.Set(options ?? new PromptSyntaxOptions()));
    }
}
