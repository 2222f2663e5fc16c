using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Configuration of <see cref="ClipTextModel"/>, with the names and defaults of the published <c>config.json</c>.</summary>
public sealed record ClipTextConfig : NetworkConfig
{
    /// <summary>Notes of the publishing library on the model's kind, its initialisation and its tokenizer.</summary>
    private static readonly string[] s_informative =
    [
        "architectures", "model_type", "torch_dtype", "dtype", "transformers_version",
        "initializer_factor", "initializer_range", "bos_token_id", "pad_token_id",
    ];

    /// <summary>Number of tokens of the vocabulary. Default 49408.</summary>
    public int VocabSize { get; init; } = 49408;

    /// <summary>Width of the hidden states. Default 512.</summary>
    public int HiddenSize { get; init; } = 512;

    /// <summary>Width of the feed-forward layers. Default 2048.</summary>
    public int IntermediateSize { get; init; } = 2048;

    /// <summary>Number of transformer layers. Default 12.</summary>
    public int NumHiddenLayers { get; init; } = 12;

    /// <summary>Number of attention heads. Default 8.</summary>
    public int NumAttentionHeads { get; init; } = 8;

    /// <summary>The most tokens of a prompt. Default 77.</summary>
    public int MaxPositionEmbeddings { get; init; } = 77;

    /// <summary>Activation: <c>quick_gelu</c> (OpenAI) or <c>gelu</c> (OpenCLIP). Default <c>quick_gelu</c>.</summary>
    public string HiddenAct { get; init; } = "quick_gelu";

    /// <summary>Epsilon of the normalisations. Default 1e-5.</summary>
    public double LayerNormEps { get; init; } = 1e-5;

    /// <summary>Width of the projected pooled output, for models with a projection. Default 512.</summary>
    public int ProjectionDim { get; init; } = 512;

    /// <summary>
    /// Id of the end token, where the pooled output is taken. Default 49407; published files that say 2 mean the highest id.
    /// </summary>
    public int EosTokenId { get; init; } = 49407;

    /// <summary>Probability of dropping attention in training; only 0 is supported.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Probability of dropping a value in training; only 0 is supported.</summary>
    public double Dropout { get; init; }

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static ClipTextConfig FromJson(string json) => ModelConfigJson.Read<ClipTextConfig>(json, nameof(ClipTextModel), s_informative);

    /// <inheritdoc/>
    protected internal override void Check()
    {
        ConfigRules.Range("vocab_size", 1, 1 << 24, VocabSize);
        ConfigRules.Positive("hidden_size", HiddenSize);
        ConfigRules.Positive("intermediate_size", IntermediateSize);
        ConfigRules.Range("num_hidden_layers", 1, 200, NumHiddenLayers);
        ConfigRules.Divides("num_attention_heads", NumAttentionHeads, "hidden_size", HiddenSize);
        ConfigRules.Range("max_position_embeddings", 2, 1 << 20, MaxPositionEmbeddings);
        ConfigRules.Range("projection_dim", 0, ConfigRules.Largest, ProjectionDim);
        ConfigRules.NotNegative("layer_norm_eps", LayerNormEps);
    }

    /// <summary>Builds the network, initialised at random.</summary>
    /// <param name="projection">Whether it has a projection of the pooled output (the second tower of SDXL).</param>
    public ClipTextModel Build(bool projection = false) => new(this, projection);

    /// <summary>Builds the network for a checkpoint to be read into: its parameters hold whatever the memory held.</summary>
    /// <param name="projection">Whether it has a projection of the pooled output (the second tower of SDXL).</param>
    /// <param name="device">Where its parameters shall be; null for the CPU. The meta device gives shapes without memory.</param>
    /// <param name="type">Their type. Default float32.</param>
    public ClipTextModel BuildUninitialized(bool projection = false, Device? device = null, ScalarType type = ScalarType.Float32) =>
        new(this, projection, LayerFactory.Uninitialized(device, type));
}
