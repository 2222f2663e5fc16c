using System.Text.Json.Nodes;

namespace LatentDiffusion.Benchmarks;

/// <summary>A tokenizer in the form of Qwen's with one token for each byte.</summary>
internal static class ByteTokenizer
{
    private static readonly string[] s_added = ["<|im_start|>", "<|im_end|>", "<|endoftext|>"];

    /// <summary>Writes its files.</summary>
    public static void Write(string folder)
    {
        // The printable symbols of bytes (Radford et al. 2019).
        int[] printable = [.. Enumerable.Range(0, 256).Where(b => b is (>= 33 and <= 126) or (>= 161 and <= 172) or >= 174)];
        IEnumerable<int> symbols = printable.Concat(Enumerable.Range(256, 256 - printable.Length));
        var json = new JsonObject
        {
            ["added_tokens"] = new JsonArray([.. s_added.Select((token, i) => Added(256 + i, token))]),
            ["normalizer"] = new JsonObject { ["type"] = "NFC" },
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = true },
            ["post_processor"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE", ["dropout"] = null, ["unk_token"] = null, ["byte_fallback"] = false,
                ["vocab"] = new JsonObject(symbols.Select((symbol, id) => KeyValuePair.Create($"{(char)symbol}", (JsonNode?)id))),
                ["merges"] = new JsonArray(),
            },
        };
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), json.ToJsonString());
        File.WriteAllText(
            Path.Combine(folder, "tokenizer_config.json"), """{ "tokenizer_class": "Qwen2Tokenizer", "pad_token": "<|endoftext|>" }""");
    }

    private static JsonObject Added(int id, string content) => new()
    {
        ["id"] = id, ["content"] = content, ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false, ["normalized"] = false,
        ["special"] = true,
    };
}
