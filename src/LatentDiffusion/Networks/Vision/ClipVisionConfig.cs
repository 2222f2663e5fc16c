using System.Text.Json.Nodes;

namespace LatentDiffusion.Networks;

/// <summary>Configuration of <see cref="ClipVisionModel"/>, with the names and defaults of the published <c>config.json</c>.</summary>
internal sealed record ClipVisionConfig : NetworkConfig
{
    /// <summary>The published class.</summary>
    public const string ClassName = "CLIPVisionModelWithProjection";

    /// <summary>Where the configuration of a whole CLIP has that of its vision tower.</summary>
    private const string Nested = "vision_config", Projection = "projection_dim";

    private static readonly string[] s_informative =
    [
        "architectures", "model_type", "torch_dtype", "dtype", "transformers_version", "initializer_factor", "initializer_range",
    ];

    /// <summary>Width of the hidden states. Default 768.</summary>
    public int HiddenSize { get; init; } = 768;

    /// <summary>Width of the feed-forward layers. Default 3072.</summary>
    public int IntermediateSize { get; init; } = 3072;

    /// <summary>Width of the embedding of an image. Default 512.</summary>
    public int ProjectionDim { get; init; } = 512;

    /// <summary>Number of transformer layers. Default 12.</summary>
    public int NumHiddenLayers { get; init; } = 12;

    /// <summary>Number of attention heads. Default 12.</summary>
    public int NumAttentionHeads { get; init; } = 12;

    /// <summary>Channels of an image; only 3 is supported. Default 3.</summary>
    public int NumChannels { get; init; } = 3;

    /// <summary>Height and width of an image in pixels. Default 224.</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Height and width of a patch in pixels. Default 32.</summary>
    public int PatchSize { get; init; } = 32;

    /// <summary>Activation: <c>quick_gelu</c> (OpenAI) or <c>gelu</c> (OpenCLIP). Default <c>quick_gelu</c>.</summary>
    public string HiddenAct { get; init; } = "quick_gelu";

    /// <summary>Epsilon of the normalisations. Default 1e-5.</summary>
    public double LayerNormEps { get; init; } = 1e-5;

    /// <summary>Probability of dropping attention in training; only 0 is supported.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Probability of dropping a value in training; only 0 is supported.</summary>
    public double Dropout { get; init; }

    /// <summary>Number of hidden states of an image: its patches, and one for the whole.</summary>
    internal long Tokens => (long)(ImageSize / PatchSize) * (ImageSize / PatchSize) + 1;

    /// <summary>Reads the configuration of a vision tower, or of a whole CLIP.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static ClipVisionConfig FromJson(string json)
    {
        JsonObject root = PublishedJson.ParseObject(json);
        if (root[Nested] is JsonObject vision)
        {
            // Both have it, and older files only the outer one.
            if (vision[Projection] is null && root[Projection] is { } width) vision[Projection] = width.DeepClone();
            json = vision.ToJsonString();
        }

        return ModelConfigJson.Read<ClipVisionConfig>(json, ClassName, s_informative);
    }

    protected internal override void Check()
    {
        ConfigRules.Positive("hidden_size", HiddenSize);
        ConfigRules.Positive("intermediate_size", IntermediateSize);
        ConfigRules.Positive("projection_dim", ProjectionDim);
        ConfigRules.Range("num_hidden_layers", 1, 200, NumHiddenLayers);
        ConfigRules.Divides("num_attention_heads", NumAttentionHeads, "hidden_size", HiddenSize);
        ConfigRules.Range("image_size", 1, 1 << 12, ImageSize);
        ConfigRules.Range("patch_size", 1, ImageSize, PatchSize);
        ConfigRules.NotNegative("layer_norm_eps", LayerNormEps);
    }
}
