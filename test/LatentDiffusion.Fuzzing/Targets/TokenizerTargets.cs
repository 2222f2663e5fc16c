using System.Text;
using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Tokenization;

namespace LatentDiffusion.Fuzzing;

/// <summary>The files of a tokenizer.</summary>
internal static class TokenizerTargets
{
    public static FuzzTarget Vocabulary(string name, string folder) => File(
        name, folder, "vocab.json", (json, random) => JsonMutation.Apply(json, random, "\"a</w>\"", "\"<|endoftext|>\"", "49408"));

    public static FuzzTarget Merges(string name, string folder) => File(
        name, folder, "merges.txt",
        (text, random) => TextMutation.Apply(text, random, "a b</w>\n", "a a\n", "#version", "</w>", " ", "\n"));

    public static FuzzTarget Config(string name, string folder) => File(
        name, folder, "tokenizer_config.json",
        (json, random) => JsonMutation.Apply(
            json, random, "\"!\"", "\"model_max_length\"", "\"added_tokens_decoder\"", "{\"content\":\"!\"}"));

    public static FuzzTarget Unigram(string name, string folder) => Json(name, folder, TinyTokenizers.Unigram);

    public static FuzzTarget ByteLevel(string name, string folder) => Json(name, folder, TinyTokenizers.ByteLevel);

    public static FuzzTarget ByteFallback(string name, string folder) => Json(name, folder, TinyTokenizers.ByteFallback);

    public static FuzzTarget SentencePiece(string name, string folder)
    {
        byte[] model = TinyTokenizers.SentencePiece;
        return Text(name, Path.Combine(folder, "spiece.model"), random => ByteMutation.Apply(model, random));
    }

    /// <summary>Damages a <c>tokenizer.json</c>.</summary>
    public static byte[] MutateJson(string json, Random random) => JsonMutation.Bytes(
        json, random, "\"Sequence\"", "\"Metaspace\"", "\"ByteLevel\"", "\"Split\"", "\"Unigram\"", "\"BPE\"", "\"Replace\"", "[\"a\",-1]",
        "\"a d\"", "{\"Regex\":\"(a+)+\"}", "{\"String\":\"\"}", "\"first\"", "\"MergedWithNext\"");

    private static FuzzTarget Json(string name, string folder, string json) =>
        Text(name, Path.Combine(folder, "tokenizer.json"), random => MutateJson(json, random));

    private static FuzzTarget Text(string name, string path, Func<Random, byte[]> make) => new(
        name, make,
        bytes =>
        {
            System.IO.File.WriteAllBytes(path, bytes);
            TextTokenizer tokenizer = TextTokenizer.Open(Path.GetDirectoryName(path)!);
            _ = tokenizer.Encode("a red star, A <|im_end|> é🐢");
        },
        typeof(InvalidDataException), typeof(NotSupportedException), typeof(CheckpointException));

    private static FuzzTarget File(string name, string folder, string file, Func<string, Random, string> mutate)
    {
        new ClipTokenizerFiles(TinyModels.Vocabulary, 16).Save(folder);
        string path = Path.Combine(folder, file), seed = System.IO.File.ReadAllText(path);
        return new FuzzTarget(
            name, random => Encoding.UTF8.GetBytes(mutate(seed, random)),
            bytes =>
            {
                System.IO.File.WriteAllBytes(path, bytes);
                ClipTokenizer tokenizer = ClipTokenizerFiles.Open(folder, 16).Build();
                _ = tokenizer.Encode("a ab, b! b");
                _ = tokenizer.ContentKey;
            },
            typeof(InvalidDataException));
    }
}
