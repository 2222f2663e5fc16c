using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Configuration of <see cref="T5EncoderModel"/>, with the names and defaults of the published <c>config.json</c>.</summary>
public sealed record T5Config : NetworkConfig
{
    private const string Gated = "gated-";

    /// <summary>
    /// What these files note of the kind of model, the decoder, its tokenizer, training and initialisation, and what follows from
    /// <see cref="FeedForwardProj"/>.
    /// </summary>
    private static readonly string[] s_informative =
    [
        "architectures", "model_type", "torch_dtype", "dtype", "transformers_version", "initializer_factor", "dropout_rate",
        "classifier_dropout", "is_encoder_decoder", "num_decoder_layers", "decoder_start_token_id", "eos_token_id", "pad_token_id",
        "output_past", "use_cache", "tie_word_embeddings", "dense_act_fn", "is_gated_act", "n_positions", "task_specific_params",
    ];

    /// <summary>Number of tokens of the vocabulary. Default 32128.</summary>
    public int VocabSize { get; init; } = 32128;

    /// <summary>Width of the hidden states. Default 512.</summary>
    public int DModel { get; init; } = 512;

    /// <summary>Width of an attention head. Default 64.</summary>
    public int DKv { get; init; } = 64;

    /// <summary>Width of the feed-forward layers. Default 2048.</summary>
    public int DFf { get; init; } = 2048;

    /// <summary>Number of transformer layers. Default 6.</summary>
    public int NumLayers { get; init; } = 6;

    /// <summary>Number of attention heads. Default 8.</summary>
    public int NumHeads { get; init; } = 8;

    /// <summary>Number of distances that the attention tells apart, half of them for later tokens. Default 32.</summary>
    public int RelativeAttentionNumBuckets { get; init; } = 32;

    /// <summary>Distance in tokens from which all are in one bucket. Default 128.</summary>
    public int RelativeAttentionMaxDistance { get; init; } = 128;

    /// <summary>
    /// The feed-forward: the name of an activation, for example <c>relu</c> or <c>gelu</c>, or <c>gated-</c> and the name of the
    /// gate's. <c>gated-gelu</c>, as T5 1.1 has it, is GELU with the hyperbolic tangent. Default <c>relu</c>.
    /// </summary>
    public string FeedForwardProj { get; init; } = "relu";

    /// <summary>Epsilon of the normalisations. Default 1e-6.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-6;

    /// <summary>Whether the feed-forward is gated.</summary>
    internal bool IsGated => FeedForwardProj.StartsWith(Gated, StringComparison.Ordinal);

    /// <summary>Name of the activation.</summary>
    internal string Activation => FeedForwardProj switch
    {
        $"{Gated}gelu" => "gelu_new",
        _ when IsGated => FeedForwardProj[Gated.Length..],
        _ => FeedForwardProj,
    };

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static T5Config FromJson(string json) => ModelConfigJson.Read<T5Config>(json, "T5", s_informative);

    /// <inheritdoc/>
    protected internal override void Check()
    {
        ConfigRules.Range("vocab_size", 1, 1 << 24, VocabSize);
        ConfigRules.Positive("d_model", DModel);
        ConfigRules.Positive("d_kv", DKv);
        ConfigRules.Range("d_ff", 1, 1 << 20, DFf);
        ConfigRules.Range("num_layers", 1, 200, NumLayers);
        ConfigRules.Range("num_heads", 1, 1024, NumHeads);
        // Half of the buckets are for each direction, and half of those for single distances.
        ConfigRules.Range("relative_attention_num_buckets", 4, 1 << 16, RelativeAttentionNumBuckets);
        ConfigRules.Range("relative_attention_max_distance", RelativeAttentionNumBuckets / 4 + 1, 1 << 20, RelativeAttentionMaxDistance);
        ConfigRules.NotNegative("layer_norm_epsilon", LayerNormEpsilon);
    }

    /// <summary>Builds the network, initialised at random.</summary>
    public T5EncoderModel Build() => new(this);

    /// <summary>Builds the network for a checkpoint to be read into: its parameters hold whatever the memory held.</summary>
    /// <param name="device">Device of its parameters; null for the CPU. The meta device gives shapes without memory.</param>
    /// <param name="type">Their type. Default float32.</param>
    public T5EncoderModel BuildUninitialized(Device? device = null, ScalarType type = ScalarType.Float32) =>
        new(this, LayerFactory.Uninitialized(device, type));
}
