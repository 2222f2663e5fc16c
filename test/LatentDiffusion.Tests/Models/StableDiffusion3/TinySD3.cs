using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Checkpoints;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>Small models with the published options of Stable Diffusion 3 and 3.5.</summary>
internal static class TinySD3
{
    public const int TextWidth = 128, PooledWidth = 96;

    private const int Vocabulary = 20;

    public static readonly string[] Names = ["sd3-medium", "sd3.5-medium", "sd3.5-large"];

    public static SD3TransformerConfig Transformer(string name) => new()
    {
        SampleSize = 128, PosEmbedMaxSize = 16, NumLayers = 3, JointAttentionDim = TextWidth, PooledProjectionDim = PooledWidth,
        CaptionProjectionDim = 64,
        AttentionHeadDim = name == "sd3-medium" ? 64 : 16, NumAttentionHeads = name == "sd3-medium" ? 1 : 4,
        QkNorm = name == "sd3-medium" ? null : "rms_norm", DualAttentionLayers = name == "sd3.5-medium" ? [0, 1] : [],
    };

    public static AutoencoderKLConfig Autoencoder { get; } = new()
    {
        BlockOutChannels = [32, 32], DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"],
        UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"], LatentChannels = 16, ScalingFactor = 1.5305, ShiftFactor = 0.0609,
        UseQuantConv = false, UsePostQuantConv = false, SampleSize = 1024,
    };

    /// <summary>A model without text encoders, as the files of 3.5 are.</summary>
    public static ModelComponents Make(string name) => Filled(new ModelComponents(
        ModelFamilies.StableDiffusion3, "StableDiffusion3Pipeline", SD3Published.Scheduler)
    {
        [ComponentNames.Transformer] = Transformer(name).Build(),
        [ComponentNames.Autoencoder] = Autoencoder.Build(),
    });

    /// <summary>A model with all text encoders.</summary>
    /// <param name="name">Which of <see cref="Names"/>.</param>
    /// <param name="folder">Where T5's tokenizer is written to.</param>
    public static ModelComponents MakeWithTexts(string name, string folder)
    {
        WriteT5Tokenizer(folder);
        ModelComponents components = Filled(new ModelComponents(
            ModelFamilies.StableDiffusion3, "StableDiffusion3Pipeline", SD3Published.Scheduler)
        {
            [ComponentNames.Transformer] = Transformer(name).Build(),
            [ComponentNames.Autoencoder] = Autoencoder.Build(),
            [ComponentNames.TextEncoder] = Clip(32, "quick_gelu").Build(projection: true),
            [ComponentNames.TextEncoder2] = Clip(64, "gelu").Build(projection: true),
            [ComponentNames.TextEncoder3] = new T5Config
            {
                VocabSize = Vocabulary, DModel = TextWidth, DKv = 16, DFf = 64, NumLayers = 2, NumHeads = 4, FeedForwardProj = "gated-gelu",
            }.Build(),
            [ComponentNames.Tokenizer] = new ClipTokenizerFiles(TinyModels.Vocabulary, 16, BpeVocabulary.EndToken),
            [ComponentNames.Tokenizer2] = new ClipTokenizerFiles(TinyModels.Vocabulary, 16, "!"),
            [ComponentNames.Tokenizer3] = TextTokenizerFiles.Open(folder),
        });
        // Single files of the first tower have no projection.
        using IDisposable noGrad = no_grad();
        Tensor projection = components.Get<ClipTextModel>(ComponentNames.TextEncoder).state_dict()["text_projection.weight"];
        using Tensor identity = eye(projection.shape[0]);
        projection.copy_(identity);
        return components;
    }

    private static ModelComponents Filled(ModelComponents components)
    {
        foreach ((_, nn.Module network) in components.Networks) Reference.FormulaWeights.Fill(network);
        return components;
    }

    private static ClipTextConfig Clip(int width, string activation) => new()
    {
        VocabSize = Vocabulary, HiddenSize = width, IntermediateSize = 2 * width, NumHiddenLayers = 2, NumAttentionHeads = 1,
        MaxPositionEmbeddings = 16, HiddenAct = activation, ProjectionDim = width, EosTokenId = 2,
    };

    private static void WriteT5Tokenizer(string folder)
    {
        Directory.CreateDirectory(folder);
        (string Piece, double Score)[] pieces =
            [("<pad>", 0), ("</s>", 0), ("<unk>", 0), ("▁", -2), ("a", -3), ("b", -3), ("▁a", -2.5), ("ab", -2.5)];
        var json = new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray([.. pieces.Take(3).Index().Select(p => new JsonObject
            {
                ["id"] = p.Index, ["content"] = p.Item.Piece, ["special"] = true, ["single_word"] = false, ["lstrip"] = false,
                ["rstrip"] = false, ["normalized"] = false,
            })]),
            ["pre_tokenizer"] = new JsonObject { ["type"] = "Metaspace", ["replacement"] = "▁", ["add_prefix_space"] = true },
            ["post_processor"] = JsonNode.Parse(
                """
                {
                  "type": "TemplateProcessing",
                  "single": [{ "Sequence": { "id": "A", "type_id": 0 } }, { "SpecialToken": { "id": "</s>", "type_id": 0 } }],
                  "pair": [],
                  "special_tokens": { "</s>": { "id": "</s>", "ids": [1], "tokens": ["</s>"] } }
                }
                """),
            ["model"] = new JsonObject
            {
                ["type"] = "Unigram", ["unk_id"] = 2,
                ["vocab"] = new JsonArray([.. pieces.Select(p => new JsonArray(p.Piece, p.Score))]),
            },
        };
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), json.ToJsonString());
        File.WriteAllText(
            Path.Combine(folder, "tokenizer_config.json"),
            """{ "tokenizer_class": "T5TokenizerFast", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>" }""");
    }
}
