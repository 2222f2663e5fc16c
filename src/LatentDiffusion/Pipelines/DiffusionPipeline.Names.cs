namespace LatentDiffusion;

/// <content>What requests can name.</content>
public sealed partial class DiffusionPipeline
{
    /// <summary>
    /// The upscalers that requests can name (<see cref="ImageUpscaling.Upscaler"/>): those of the builder in their order, then
    /// <see cref="KnownUpscalers"/>. The pipeline owns them.
    /// </summary>
    public IReadOnlyDictionary<string, IImageUpscaler> Upscalers =>
        _components.Features.OfType<UpscalerFeature>().First().Upscalers;

    /// <summary>
    /// The LoRAs that prompts can name, from name to path: the files that are in the folder of
    /// <see cref="LoraBuilderExtensions.UsePromptLoras"/> now. Empty without it.
    /// </summary>
    public IReadOnlyDictionary<string, string> PromptLoras =>
        _components.Features.OfType<PromptLoraFeature>().FirstOrDefault()?.Files ?? new Dictionary<string, string>();

    /// <summary>The tokens with learned embeddings that prompts can name (textual inversion). Empty without them.</summary>
    public IReadOnlyList<string> EmbeddingTokens =>
        _components.Features.OfType<TextualInversionFeature>().FirstOrDefault()?.Tokens ?? [];

    /// <summary>
    /// The layer of the text encoder that conditions images, as <see cref="PromptingOptions.ClipSkip"/> counts. Null for the model's own.
    /// </summary>
    public int? ClipSkip => _components.Prompting?.ClipSkip;
}
