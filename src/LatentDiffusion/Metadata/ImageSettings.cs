using System.Collections.ObjectModel;

namespace LatentDiffusion.Metadata;

/// <summary>
/// The generation settings in an image file of this library, Stable Diffusion web UI (A1111) and its forks, ComfyUI, InvokeAI or NovelAI.
/// The same settings give another image where the other program's noise or kernels differ.
/// </summary>
public sealed record ImageSettings
{
    private static readonly SettingsReader[] s_readers =
        [new NativeSettings(), new WebUISettings(), new ComfySettings(), new InvokeSettings(), new NovelAISettings()];

    /// <summary>The program, for example <c>ComfyUI</c>.</summary>
    public required string Program { get; init; }

    /// <summary>The request for the image. It names the scheduler where the metadata does.</summary>
    public required GenerationRequest Request { get; init; }

    /// <summary>Name of the model; null where the metadata does not say.</summary>
    public string? Model { get; init; }

    /// <summary>Hash of the model's file, as <see cref="Checkpoints.ModelHash"/> computes it; null where the metadata has none.</summary>
    public string? ModelHash { get; init; }

    /// <summary>Name of an autoencoder in place of the model's own; null for none.</summary>
    public string? Autoencoder { get; init; }

    /// <summary>
    /// The layer of the text encoder, as <see cref="PromptingOptions.ClipSkip"/> counts: 1 is the last. Null where the metadata does not
    /// say.
    /// </summary>
    public int? ClipSkip { get; init; }

    /// <summary>The LoRAs, in their order.</summary>
    public IReadOnlyList<LoraReference> Loras { get; init; } = [];

    /// <summary>All other entries as the program wrote them. They are not part of the request.</summary>
    public IReadOnlyDictionary<string, string> Other { get; init; } = ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Reads the settings in an image file.</summary>
    /// <param name="file">The bytes of a PNG, JPEG or WebP file.</param>
    /// <param name="options">Inputs and choices; null for none.</param>
    /// <exception cref="InvalidDataException">
    /// The bytes are not such a file; it has no settings, or ambiguous ones, for example two samplers; or the settings need an input image,
    /// a sampler or a value that is missing or not supported. The message says which.
    /// </exception>
    public static ImageSettings Read(ReadOnlySpan<byte> file, ImageSettingsOptions? options = null) =>
        FromTexts(ImageTexts.Read(file), options);

    /// <summary>Reads the settings in the text entries of an image.</summary>
    /// <param name="texts">Entries such as <c>parameters</c> by their keys: those that <see cref="ImageTexts.Read"/> gives.</param>
    /// <param name="options">Inputs and choices; null for none.</param>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static ImageSettings FromTexts(IReadOnlyDictionary<string, string> texts, ImageSettingsOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(texts);
        SettingsReader reader = s_readers.FirstOrDefault(r => r.Recognises(texts)) ?? throw new InvalidDataException(
            texts.ContainsKey("workflow")
                ? "The image has the workflow of ComfyUI's editor, but not the graph 'prompt' that was run."
                : $"The image does not say how it was made: its texts are {MessageText.List([.. texts.Keys])}.");
        return reader.Read(texts, options ?? ImageSettingsOptions.Default);
    }

    /// <summary>Reads the settings in a text of the web UI, for example one that was copied from a page.</summary>
    /// <param name="parameters">The text, as <see cref="WebUIParameters.Parse"/> reads it.</param>
    /// <param name="options">Inputs and choices; null for none.</param>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static ImageSettings FromParameters(string parameters, ImageSettingsOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        return FromTexts(new Dictionary<string, string> { [WebUISettings.Key] = parameters }, options);
    }
}
