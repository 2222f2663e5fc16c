using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Prompting;
using LatentDiffusion.Tests.Reference;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>
/// A small model of each transformer family with its text encoders and tokenizers, with the published options. Only widths
/// and numbers of layers are smaller.
/// </summary>
internal static class PublishedModel
{
    public static readonly string[] Names = ["flux-dev", "flux-schnell", "flux2-klein", "chroma", "z-image-turbo", "sd3.5-medium"];

    /// <summary>A model with rows of 256 values, which blocks of that size fill.</summary>
    public const string Wide = "chroma-wide";

    private const int T5Width = 64, ClipWidth = 64, Qwen3Width = 32, Head = 128;

    private static AutoencoderKLConfig FluxAutoencoder { get; } =
        TinySD3.Autoencoder with { ScalingFactor = 0.3611, ShiftFactor = 0.1159 };

    /// <summary>Makes a model with weights by formula.</summary>
    /// <param name="name">Which of <see cref="Names"/>.</param>
    /// <param name="tokenizers">A folder that the tokenizers are written to, in the folders that the model's index names.</param>
    public static ModelComponents Make(string name, string tokenizers)
    {
        ModelComponents model = name switch
        {
            "flux-dev" or "flux-schnell" => Flux(name == "flux-dev", tokenizers),
            "flux2-klein" => Flux2(tokenizers),
            "chroma" => Chroma(tokenizers, heads: 1, layers: 2, T5Width),
            Wide => Chroma(tokenizers, heads: 2, layers: 1, 2 * Head),
            "z-image-turbo" => ZImage(tokenizers),
            _ => TinySD3.MakeWithTexts(name, Path.Combine(tokenizers, ComponentNames.Tokenizer3)),
        };
        foreach ((string component, nn.Module network) in model.Networks)
        {
            if (model.Family != ModelFamilies.StableDiffusion3) FormulaWeights.Fill(network);
            network.eval();
        }

        // Next to the others, as in the model's folder.
        foreach (string tokenizer in (string[])[ComponentNames.Tokenizer, ComponentNames.Tokenizer2])
            if (model[tokenizer] is ClipTokenizerFiles clip) clip.Save(Path.Combine(tokenizers, tokenizer));
        return model;
    }

    private static ModelComponents Flux(bool dev, string tokenizers) =>
        new(ModelFamilies.Flux, "FluxPipeline", FluxPublished.Scheduler(dev))
        {
            [ComponentNames.Transformer] = new FluxTransformerConfig
            {
                NumLayers = 2, NumSingleLayers = 2, NumAttentionHeads = 1, JointAttentionDim = T5Width, PooledProjectionDim = ClipWidth,
                GuidanceEmbeds = dev,
            }.Build(),
            [ComponentNames.Autoencoder] = FluxAutoencoder.Build(),
            [ComponentNames.TextEncoder] = new ClipTextConfig
            {
                VocabSize = 20, HiddenSize = ClipWidth, IntermediateSize = 2 * ClipWidth, NumHiddenLayers = 2, NumAttentionHeads = 1,
                MaxPositionEmbeddings = 16, HiddenAct = "quick_gelu", ProjectionDim = ClipWidth, EosTokenId = 2,
            }.Build(),
            [ComponentNames.TextEncoder2] = T5(),
            [ComponentNames.Tokenizer] = new ClipTokenizerFiles(TinyModels.Vocabulary, 16, BpeVocabulary.EndToken),
            [ComponentNames.Tokenizer2] = T5Tokenizer(tokenizers, ComponentNames.Tokenizer2),
        };

    private static ModelComponents Flux2(string tokenizers) =>
        new(ModelFamilies.Flux2, "Flux2KleinPipeline", FluxPublished.Scheduler(dynamic: true))
        {
            [ComponentNames.Transformer] = new Flux2TransformerConfig
            {
                NumLayers = 2, NumSingleLayers = 2, NumAttentionHeads = 1, JointAttentionDim = 3 * Qwen3Width, GuidanceEmbeds = false,
            }.Build(),
            [ComponentNames.Autoencoder] = new AutoencoderKLFlux2Config
            {
                BlockOutChannels = [32, 32], DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"],
                UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
            }.Build(),
            [ComponentNames.TextEncoder] = Qwen3(),
            [ComponentNames.Tokenizer] = Qwen3Tokenizer(tokenizers),
            Settings = new JsonObject { ["is_distilled"] = true },
        };

    private static ModelComponents Chroma(string tokenizers, int heads, int layers, int textWidth) =>
        new(ModelFamilies.Chroma, "ChromaPipeline", FluxPublished.Scheduler(dynamic: true))
        {
            [ComponentNames.Transformer] = new ChromaTransformerConfig
            {
                NumLayers = layers, NumSingleLayers = layers, NumAttentionHeads = heads, JointAttentionDim = textWidth,
                ApproximatorHiddenDim = 64, ApproximatorLayers = 2,
            }.Build(),
            [ComponentNames.Autoencoder] = FluxAutoencoder.Build(),
            [ComponentNames.TextEncoder] = T5(textWidth),
            [ComponentNames.Tokenizer] = T5Tokenizer(tokenizers, ComponentNames.Tokenizer),
        };

    private static ModelComponents ZImage(string tokenizers) =>
        new(ModelFamilies.ZImage, "ZImagePipeline", SD3Published.Scheduler)
        {
            [ComponentNames.Transformer] = new ZImageTransformerConfig
            {
                Dim = Head, NLayers = 2, NRefinerLayers = 1, NHeads = 1, NKvHeads = 1, CapFeatDim = Qwen3Width, AxesLens = [1536, 512, 512],
            }.Build(),
            [ComponentNames.Autoencoder] = FluxAutoencoder.Build(),
            [ComponentNames.TextEncoder] = Qwen3(),
            [ComponentNames.Tokenizer] = Qwen3Tokenizer(tokenizers),
        };

    private static T5EncoderModel T5(int width = T5Width) => new T5Config
    {
        VocabSize = 20, DModel = width, DKv = width / 4, DFf = width, NumLayers = 2, NumHeads = 4, FeedForwardProj = "gated-gelu",
    }.Build();

    /// <summary>With the layers that FLUX.2 klein reads, 9, 18 and 27, and one after them.</summary>
    private static Qwen3Model Qwen3() => new Qwen3Config
    {
        VocabSize = 300, HiddenSize = Qwen3Width, IntermediateSize = 64, NumHiddenLayers = 28, NumAttentionHeads = 2,
        NumKeyValueHeads = 1, HeadDim = 16,
    }.Build();

    private static TextTokenizerFiles T5Tokenizer(string tokenizers, string component)
    {
        TinyTextEncoders.WriteT5(Path.Combine(tokenizers, component));
        return TextTokenizerFiles.Open(Path.Combine(tokenizers, component));
    }

    private static TextTokenizerFiles Qwen3Tokenizer(string tokenizers)
    {
        TinyTextEncoders.WriteQwen3(Path.Combine(tokenizers, ComponentNames.Tokenizer));
        return TextTokenizerFiles.Open(Path.Combine(tokenizers, ComponentNames.Tokenizer));
    }
}
