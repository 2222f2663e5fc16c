namespace LatentDiffusion.Metadata;

/// <summary>A LoRA that an image was made with.</summary>
/// <param name="Name">Name of its file without the extension.</param>
/// <param name="Scale">Its scale; null where the metadata does not say.</param>
public sealed record LoraReference(string Name, double? Scale)
{
    /// <summary>Its hash; null where the metadata has none.</summary>
    public string? Hash { get; init; }

    /// <summary>
    /// Whether the prompt of the request names it (<c>&lt;lora:name:0.8&gt;</c>), which a pipeline with
    /// <see cref="LoraBuilderExtensions.UsePromptLoras"/> applies.
    /// </summary>
    public bool IsInPrompt { get; init; }
}
