using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Configuration of <see cref="Qwen3Model"/>, with the names and defaults of the published <c>config.json</c>.</summary>
public sealed record Qwen3Config : NetworkConfig
{
    /// <summary>
    /// Entries of these files about the kind of model, its tokenizer, its initialisation and caches, and the number of positions,
    /// which are computed and not read from a table.
    /// </summary>
    private static readonly string[] s_informative =
    [
        "architectures", "model_type", "torch_dtype", "dtype", "transformers_version", "initializer_range", "bos_token_id",
        "eos_token_id", "pad_token_id", "use_cache", "tie_word_embeddings", "max_window_layers", "max_position_embeddings",
        "layer_types",
    ];

    /// <summary>Number of tokens of the vocabulary. Default 151936.</summary>
    public int VocabSize { get; init; } = 151936;

    /// <summary>Width of the hidden states. Default 4096.</summary>
    public int HiddenSize { get; init; } = 4096;

    /// <summary>Width of the feed-forward layers. Default 22016.</summary>
    public int IntermediateSize { get; init; } = 22016;

    /// <summary>Number of transformer layers. Default 32.</summary>
    public int NumHiddenLayers { get; init; } = 32;

    /// <summary>Number of attention heads. Default 32.</summary>
    public int NumAttentionHeads { get; init; } = 32;

    /// <summary>Number of heads of keys and values, each of which serves several heads of queries. Default 32.</summary>
    public int NumKeyValueHeads { get; init; } = 32;

    /// <summary>Width of a head. Default 128.</summary>
    public int HeadDim { get; init; } = 128;

    /// <summary>Activation of the feed-forward's gate. Default <c>silu</c>.</summary>
    public string HiddenAct { get; init; } = "silu";

    /// <summary>Epsilon of the normalisations. Default 1e-6.</summary>
    public double RmsNormEps { get; init; } = 1e-6;

    /// <summary>The largest period of the rotary positions, in tokens over 2π. Default 1e6.</summary>
    public double RopeTheta { get; init; } = 1_000_000;

    /// <summary>The rotary positions in files of newer versions, in place of <see cref="RopeTheta"/>. Default null.</summary>
    public RotaryConfig? RopeParameters { get; init; }

    /// <summary>Scaling of the rotary positions; only null, which does not scale them, is supported.</summary>
    public JsonObject? RopeScaling { get; init; }

    /// <summary>Whether the projections of the attention have a bias. Default false.</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Probability of dropping attention in training; only 0 is supported.</summary>
    public double AttentionDropout { get; init; }

    /// <summary>Whether a token attends only to nearby ones; only false is supported.</summary>
    public bool UseSlidingWindow { get; init; }

    /// <summary>The window of <see cref="UseSlidingWindow"/>, in tokens. Default null.</summary>
    public int? SlidingWindow { get; init; }

    /// <summary>Whether queries and keys are normalised. False for Mistral, whose layers are otherwise the same.</summary>
    internal bool NormalizesQueriesAndKeys { get; init; } = true;

    /// <summary>The largest period, of whichever option gives it.</summary>
    internal double Theta => RopeParameters?.RopeTheta ?? RopeTheta;

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static Qwen3Config FromJson(string json) => FromJson(json, "Qwen3");

    /// <summary>The same for a network that messages call by another name.</summary>
    internal static Qwen3Config FromJson(string json, string what) => ModelConfigJson.Read<Qwen3Config>(json, what, s_informative);

    /// <inheritdoc/>
    protected internal override void Check()
    {
        ConfigRules.Range("vocab_size", 1, 1 << 24, VocabSize);
        ConfigRules.Positive("hidden_size", HiddenSize);
        ConfigRules.Range("intermediate_size", 1, 1 << 20, IntermediateSize);
        ConfigRules.Range("num_hidden_layers", 1, 200, NumHiddenLayers);
        ConfigRules.Range("num_attention_heads", 1, 1024, NumAttentionHeads);
        ConfigRules.Divides("num_key_value_heads", NumKeyValueHeads, "num_attention_heads", NumAttentionHeads);
        ConfigRules.Range("head_dim", 2, 1 << 12, HeadDim);
        ConfigRules.Divides("2", 2, "head_dim", HeadDim);
        ConfigRules.NotNegative("rms_norm_eps", RmsNormEps);
        ConfigRules.Factor("rope_theta", Theta);
    }

    /// <summary>Builds the network, initialised at random.</summary>
    /// <param name="depth">
    /// How many of the layers it has, for an encoder of which only earlier hidden states are read; null for all.
    /// </param>
    public Qwen3Model Build(int? depth = null) => new(this, depth);

    /// <summary>Builds the network for a checkpoint to be read into: its parameters hold whatever the memory held.</summary>
    /// <param name="depth">
    /// How many of the layers it has, for an encoder of which only earlier hidden states are read; null for all.
    /// </param>
    /// <param name="device">Device of its parameters; null for the CPU. The meta device gives shapes without memory.</param>
    /// <param name="type">Their type. Default float32.</param>
    public Qwen3Model BuildUninitialized(int? depth = null, Device? device = null, ScalarType type = ScalarType.Float32) =>
        new(this, depth, LayerFactory.Uninitialized(device, type));
}
