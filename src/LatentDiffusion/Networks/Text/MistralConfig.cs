using System.Text.Json;
using System.Text.Json.Nodes;

namespace LatentDiffusion.Networks;

/// <summary>
/// Reads the <c>config.json</c> of Mistral (Jiang et al. 2023), or of Mistral 3, whose language model it has under <c>text_config</c>. The
/// layers are those of <see cref="Qwen3Model"/> without normalised queries and keys.
/// </summary>
internal static class MistralConfig
{
    private const string Text = "text_config", HeadWidth = "head_dim", Window = "sliding_window";

    // The longest prompt, beyond which a window changes nothing.
    private const int MostTokens = 4096;

    /// <summary>Values of options that a file leaves out, as the transformers library has them.</summary>
    private static readonly (string Name, JsonNode Value)[] s_defaults =
    [
        ("vocab_size", 32000), ("hidden_size", 4096), ("intermediate_size", 14336), ("num_hidden_layers", 32), ("num_attention_heads", 32),
        ("num_key_value_heads", 8), ("rms_norm_eps", 1e-6),
    ];

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It has a window that prompts may exceed.</exception>
    public static Qwen3Config FromJson(string json)
    {
        try
        {
            return Read(json);
        }
        catch (ArgumentException e)
        {
            // An option that is there twice.
            throw new InvalidDataException($"The configuration cannot be read: {e.Message}", e);
        }
    }

    private static Qwen3Config Read(string json)
    {
        JsonObject config = PublishedJson.Parse(json) is { ValueKind: JsonValueKind.Object } element
            ? JsonObject.Create(element)!
            : throw new InvalidDataException("The configuration is not a JSON object.");
        if (config.TryGetPropertyValue(Text, out JsonNode? text))
        {
            config = text as JsonObject
                ?? throw new InvalidDataException($"{Text} is not an object; expected the configuration of the language model.");
        }

        config = config.DeepClone().AsObject();
        foreach ((string name, JsonNode value) in s_defaults)
            if (config[name] is null) config[name] = value.DeepClone();
        if (config[HeadWidth] is null && Number(config, "num_attention_heads") is > 0 and var heads)
            config[HeadWidth] = Number(config, "hidden_size") / heads;
        if (config["rope_theta"] is null && config["rope_parameters"] is null) config["rope_theta"] = 10000.0;
        if (Number(config, Window) is < MostTokens and var window)
            throw new NotSupportedException($"{Window} is {window}; expected null, or at least {MostTokens}.");
        config.Remove(Window);
        return Qwen3Config.FromJson(config.ToJsonString(), "Mistral") with { NormalizesQueriesAndKeys = false };
    }

    private static long? Number(JsonObject config, string name) =>
        config[name] is JsonValue value && value.TryGetValue(out long number) ? number : null;
}
