using LatentDiffusion.Tests.Tokenization;

namespace LatentDiffusion.Tests.Prompting;

/// <summary>Small text encoders other than CLIP with their tokenizers.</summary>
internal static class TinyTextEncoders
{
    public static T5Config T5Config { get; } = new()
    {
        VocabSize = 20, DModel = 16, DKv = 4, DFf = 16, NumLayers = 2, NumHeads = 2, FeedForwardProj = "gated-gelu",
    };

    public static Qwen3Config Qwen3Config { get; } = new()
    {
        VocabSize = 300, HiddenSize = 8, IntermediateSize = 16, NumHiddenLayers = 3, NumAttentionHeads = 4, NumKeyValueHeads = 2,
        HeadDim = 4,
    };

    /// <summary>The tokenizer of T5.</summary>
    public static TextTokenizer T5Tokenizer(string folder)
    {
        WriteT5(folder);
        return TextTokenizer.Open(folder);
    }

    /// <summary>The tokenizer of Qwen3.</summary>
    public static TextTokenizer Qwen3Tokenizer(string folder)
    {
        WriteQwen3(folder);
        return TextTokenizer.Open(folder);
    }

    public static void WriteT5(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), TinyTokenizers.Unigram);
        File.WriteAllText(
            Path.Combine(folder, "tokenizer_config.json"), """{ "tokenizer_class": "T5Tokenizer", "pad_token": "<pad>" }""");
    }

    public static void WriteQwen3(string folder)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), TinyTokenizers.ByteLevel);
        File.WriteAllText(
            Path.Combine(folder, "tokenizer_config.json"), """{ "tokenizer_class": "Qwen2Tokenizer", "pad_token": "<|endoftext|>" }""");
    }
}
