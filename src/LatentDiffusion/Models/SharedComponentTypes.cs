namespace LatentDiffusion.Models;

/// <summary>Classes of components that models of every family may have.</summary>
internal static class SharedComponentTypes
{
    private const string ClipModelType = "clip_text_model";

    /// <summary>Autoencoders, image encoders, text encoders and their tokenizers.</summary>
    public static IReadOnlyList<ComponentType> All { get; } =
    [
        NetworkType.Create<AutoencoderKL, AutoencoderKLConfig>(
            nameof(AutoencoderKL), AutoencoderKLConfig.FromJson, (config, layers) => new(config, layers), network => network.Config),
        NetworkType.Create<AsymmetricAutoencoderKL, AsymmetricAutoencoderKLConfig>(
            nameof(AsymmetricAutoencoderKL), AsymmetricAutoencoderKLConfig.FromJson, (config, layers) => new(config, layers),
            network => network.Config),
        NetworkType.Create<ConsistencyDecoderVAE, ConsistencyDecoderVAEConfig>(
            nameof(ConsistencyDecoderVAE), ConsistencyDecoderVAEConfig.FromJson, (config, layers) => new(config, layers),
            network => network.Config),
        NetworkType.Create<AutoencoderKLFlux2, AutoencoderKLFlux2Config>(
            nameof(AutoencoderKLFlux2), AutoencoderKLFlux2Config.FromJson, (config, layers) => new(config, layers),
            network => network.Config),
        NetworkType.Create<AutoencoderTiny, AutoencoderTinyConfig>(
            nameof(AutoencoderTiny), AutoencoderTinyConfig.FromJson, (config, layers) => new(config, layers),
            network => network.Config),
        NetworkType.Create<VQModel, VQConfig>(
            nameof(VQModel), VQConfig.FromJson, (config, layers) => new(config, layers), network => network.Config),
        NetworkType.Create<ClipTextModel, ClipTextConfig>(
            "CLIPTextModel", ClipTextConfig.FromJson, (config, layers) => new(config, false, layers), network => network.Config,
            network => !network.HasProjection, ClipModelType),
        NetworkType.Create<ClipTextModel, ClipTextConfig>(
            "CLIPTextModelWithProjection", ClipTextConfig.FromJson, (config, layers) => new(config, true, layers),
            network => network.Config, network => network.HasProjection, ClipModelType),
        NetworkType.Create<ClipVisionModel, ClipVisionConfig>(
            ClipVisionConfig.ClassName, ClipVisionConfig.FromJson, (config, layers) => new(config, layers), network => network.Config,
            modelType: "clip_vision_model", names: (_, source) => ClipVisionNames.Map(source), alsoReads: "CLIPModel"),
        NetworkType.Create<T5EncoderModel, T5Config>(
            nameof(T5EncoderModel), T5Config.FromJson, (config, layers) => new(config, layers), network => network.Config,
            modelType: "t5", names: (_, source) => T5Names.Map(source), alsoReads: "T5ForConditionalGeneration"),
        Qwen3(),
        Tokenizer("T5TokenizerFast", "T5Tokenizer"),
        Tokenizer("Qwen2TokenizerFast", "Qwen2Tokenizer"),
        Tokenizer("PixtralProcessor", "LlamaTokenizerFast"),
        new FilesType(
            "CLIPTokenizer", typeof(ClipTokenizerFiles), OpenClipTokenizer,
            (tokenizer, folder) => ((ClipTokenizerFiles)tokenizer).Save(folder), "CLIPTokenizerFast"),
    ];

    /// <summary>Qwen3 as a text encoder.</summary>
    /// <param name="depth">
    /// How many layers the family reads, which are then the only ones that take memory; null for all. A network with fewer can be
    /// written only from the folder that it was read from.
    /// </param>
    public static NetworkType Qwen3(Func<Qwen3Config, int>? depth = null) => NetworkType.Create<Qwen3Model, Qwen3Config>(
        "Qwen3ForCausalLM", Qwen3Config.FromJson, (config, layers) => new(config, depth?.Invoke(config), layers),
        network => network.Config, network => network.Config.NormalizesQueriesAndKeys, modelType: "qwen3",
        names: (config, source) => Qwen3Names.Map(source, config.NumHiddenLayers, depth?.Invoke(config) ?? config.NumHiddenLayers),
        isPartial: network => network.Depth < network.Config.NumHiddenLayers, alsoReads: "Qwen3Model");

    /// <summary>
    /// The language model of Mistral 3 as a text encoder. Its image encoder is not read, so that a network can be written only from the
    /// folder that it was read from.
    /// </summary>
    /// <param name="depth">How many layers the family reads, which are then the only ones that take memory.</param>
    public static NetworkType Mistral(Func<Qwen3Config, int> depth) => NetworkType.Create<Qwen3Model, Qwen3Config>(
        "Mistral3ForConditionalGeneration", MistralConfig.FromJson, (config, layers) => new(config, depth(config), layers),
        network => network.Config, network => !network.Config.NormalizesQueriesAndKeys, modelType: "mistral3",
        names: (config, source) => MistralNames.Map(source, config.NumHiddenLayers, depth(config)),
        isPartial: _ => true, alsoReads: "MistralForCausalLM");

    /// <summary>Tokenizers other than CLIP's, by the classes that their files name.</summary>
    private static FilesType Tokenizer(string className, string slow) => new(
        className, typeof(TextTokenizerFiles), folder => TextTokenizerFiles.Open(folder.Path),
        (tokenizer, folder) => ((TextTokenizerFiles)tokenizer).Save(folder), slow)
    {
        IsOfClass = tokenizer => ((TextTokenizerFiles)tokenizer).ClassName is var given && (given == className || given == slow),
    };

    /// <summary>A tokenizer cuts where its text encoder ends, and is not read without one.</summary>
    private static ClipTokenizerFiles? OpenClipTokenizer(ComponentFolder folder)
    {
        string encoder = folder.Name.Replace(ComponentNames.Tokenizer, ComponentNames.TextEncoder, StringComparison.Ordinal);
        return folder.Components.GetValueOrDefault(encoder) is ClipTextModel text
            ? ClipTokenizerFiles.Open(folder.Path, text.Config.MaxPositionEmbeddings)
            : null;
    }
}
