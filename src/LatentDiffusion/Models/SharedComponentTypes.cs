namespace LatentDiffusion.Models;

/// <summary>Classes of components that models of every family may have.</summary>
internal static class SharedComponentTypes
{
    private const string ClipModelType = "clip_text_model";

    /// <summary>Autoencoders, CLIP text encoders and their tokenizers.</summary>
    public static IReadOnlyList<ComponentType> All { get; } =
    [
        NetworkType.Of<AutoencoderKL, AutoencoderKLConfig>(
            nameof(AutoencoderKL), AutoencoderKLConfig.FromJson, (config, layers) => new(config, layers), network => network.Config),
        NetworkType.Of<AutoencoderTiny, AutoencoderTinyConfig>(
            nameof(AutoencoderTiny), AutoencoderTinyConfig.FromJson, (config, layers) => new(config, layers),
            network => network.Config),
        NetworkType.Of<VQModel, VQConfig>(
            nameof(VQModel), VQConfig.FromJson, (config, layers) => new(config, layers), network => network.Config),
        NetworkType.Of<ClipTextModel, ClipTextConfig>(
            "CLIPTextModel", ClipTextConfig.FromJson, (config, layers) => new(config, false, layers), network => network.Config,
            network => !network.HasProjection, ClipModelType),
        NetworkType.Of<ClipTextModel, ClipTextConfig>(
            "CLIPTextModelWithProjection", ClipTextConfig.FromJson, (config, layers) => new(config, true, layers),
            network => network.Config, network => network.HasProjection, ClipModelType),
        new FilesType(
            "CLIPTokenizer", typeof(ClipTokenizerFiles), OpenClipTokenizer,
            (tokenizer, folder) => ((ClipTokenizerFiles)tokenizer).Save(folder), "CLIPTokenizerFast"),
    ];

    /// <summary>A tokenizer cuts where its text encoder ends, and is not read without one.</summary>
    private static ClipTokenizerFiles? OpenClipTokenizer(ComponentFolder folder)
    {
        string encoder = folder.Name.Replace(ComponentNames.Tokenizer, ComponentNames.TextEncoder, StringComparison.Ordinal);
        return folder.Components.GetValueOrDefault(encoder) is ClipTextModel text
            ? ClipTokenizerFiles.Open(folder.Path, text.Config.MaxPositionEmbeddings)
            : null;
    }
}
