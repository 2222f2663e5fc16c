using System.Text;
using LatentDiffusion.Tests.Checkpoints;

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
