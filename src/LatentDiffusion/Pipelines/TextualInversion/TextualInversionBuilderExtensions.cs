namespace LatentDiffusion;

/// <summary>Learned tokens of a pipeline.</summary>
public static class TextualInversionBuilderExtensions
{
    /// <summary>
    /// Adds tokens with learned embeddings (textual inversion), which then may stand in prompts and negative prompts. Reads files of
    /// diffusers, the original code, trainers and Stable Diffusion web UI, for one text tower or the two of SDXL, and LoRA files that
    /// bundle embeddings; <see cref="LoraBuilderExtensions.UseLora"/> adds those of its file.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="path">Path of a <c>.safetensors</c>, <c>.pt</c> or <c>.bin</c> file; read when the pipeline is built.</param>
    /// <param name="token">
    /// The token as it stands in prompts, for example <c>&lt;cat-toy&gt;</c>. Null for the one that the file names, or else the file's
    /// name without its extension.
    /// </param>
    /// <remarks>
    /// A token is found wherever its text stands in a prompt, also within a word, and upper and lower case differ.
    /// <see cref="DiffusionPipelineBuilder.Build(IServiceProvider?)"/> refuses embeddings that do not fit the text encoder, or two of one
    /// token, with an <see cref="ArgumentException"/>, and files of another kind with a <see cref="CheckpointException"/>.
    /// </remarks>
    public static DiffusionPipelineBuilder UseTextualInversion(this DiffusionPipelineBuilder builder, string path, string? token = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (token is not null) ArgumentException.ThrowIfNullOrWhiteSpace(token);
        return builder.Change(s => s.Features.Add(new TextualInversionChoice(path, token)));
    }
}
