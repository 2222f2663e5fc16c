using System.Text;
using LatentDiffusion.Fuzzing;
using Xunit;

namespace LatentDiffusion.Tests.Tokenization;

/// <summary>
/// Damaged or malicious tokenizer files are read or refused with the documented exceptions, and take memory in proportion to their
/// length. The mutations are seeded, so a failure can be repeated by its number.
/// </summary>
public sealed class HostileTokenizerTests : IDisposable
{
    private const int Mutations = 5000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("tokenizer-json-unigram", "tokenizer.json")]
    [InlineData("tokenizer-json-byte-level", "tokenizer.json")]
    [InlineData("tokenizer-json-byte-fallback", "tokenizer.json")]
    [InlineData("tokenizer-sentencepiece", "spiece.model")]
    public void Mutated_files_are_read_or_refused(string target, string file)
    {
        using var targets = new FuzzTargets();
        for (int seed = 0; seed < Mutations; seed++) Try(file, targets[target].Make(new Random(seed)), seed);
    }

    [Fact]
    public void Truncated_SentencePiece_models_are_read_or_refused()
    {
        byte[] model = TinyTokenizers.SentencePiece;
        for (int length = 0; length < model.Length; length++) Try("spiece.model", model[..length], length);
    }

    [Theory]
    [InlineData("""{ "model": { "type": "WordPiece", "vocab": {} } }""")]
    [InlineData("""{ "model": { "type": "BPE", "dropout": 0.1, "vocab": {}, "merges": [] } }""")]
    [InlineData("""{ "model": { "type": "BPE", "end_of_word_suffix": "</w>", "vocab": {}, "merges": [] } }""")]
    [InlineData("""{ "normalizer": { "type": "NFKC" }, "model": { "type": "Unigram", "vocab": [] } }""")]
    [InlineData("""{ "pre_tokenizer": { "type": "BertPreTokenizer" }, "model": { "type": "Unigram", "vocab": [] } }""")]
    public void Parts_that_are_not_supported_are_named(string json) =>
        Assert.Contains(_folder[""], Assert.Throws<NotSupportedException>(() => Open("tokenizer.json", json)).Message);

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{ "model": { "type": "Unigram", "vocab": [["a", 1e400]] } }""")]
    [InlineData("""{ "model": { "type": "Unigram", "vocab": [["a", 0]], "unk_id": 1 } }""")]
    [InlineData("""{ "model": { "type": "Unigram", "vocab": ["a"] } }""")]
    [InlineData("""{ "model": { "type": "BPE", "vocab": { "a": -1 }, "merges": [] } }""")]
    [InlineData("""{ "model": { "type": "BPE", "vocab": { "a": 0 }, "merges": ["a b"] } }""")]
    [InlineData("""{ "model": { "type": "BPE", "unk_token": "b", "vocab": { "a": 0 }, "merges": [] } }""")]
    [InlineData("""{ "normalizer": { "type": "Precompiled", "precompiled_charsmap": "?" }, "model": { "vocab": [] } }""")]
    [InlineData("""{ "normalizer": { "type": "Precompiled", "precompiled_charsmap": "////fw==" }, "model": { "vocab": [] } }""")]
    [InlineData("""{ "pre_tokenizer": { "type": "Metaspace", "replacement": "  " }, "model": { "type": "Unigram", "vocab": [] } }""")]
    [InlineData("""{ "added_tokens": [{ "id": 1 }], "model": { "type": "Unigram", "vocab": [] } }""")]
    public void Files_of_another_form_are_refused(string json) =>
        Assert.Contains(_folder[""], Assert.Throws<InvalidDataException>(() => Open("tokenizer.json", json)).Message);

    [Fact]
    public void Patterns_that_take_exponential_time_end()
    {
        TextTokenizer tokenizer = Open("tokenizer.json", """
            { "pre_tokenizer": { "type": "Split", "pattern": { "Regex": "(a+)+$" }, "behavior": "Isolated" },
              "model": { "type": "Unigram", "vocab": [["a", 0]] } }
            """);
        Assert.Throws<InvalidDataException>(() => tokenizer.Encode(new string('a', 60) + "b"));
    }

    [Fact]
    public void Normalizers_that_double_a_text_end()
    {
        string twice = """{ "type": "Replace", "pattern": { "String": "a" }, "content": "aa" }""";
        TextTokenizer tokenizer = Open("tokenizer.json", $$"""
            { "normalizer": { "type": "Sequence", "normalizers": [ {{string.Join(',', Enumerable.Repeat(twice, 30))}} ] },
              "model": { "type": "Unigram", "vocab": [["a", 0]] } }
            """);
        Assert.Throws<InvalidDataException>(() => tokenizer.Encode("aaaa"));
    }

    [Fact]
    public void Long_sequences_of_parts_are_refused()
    {
        string parts = string.Join(',', Enumerable.Repeat("""{ "type": "WhitespaceSplit" }""", 100_000));
        Assert.Throws<InvalidDataException>(() => Open("tokenizer.json", $$"""
            { "pre_tokenizer": { "type": "Sequence", "pretokenizers": [ {{parts}} ] }, "model": { "type": "Unigram", "vocab": [] } }
            """));
    }

    private void Try(string file, byte[] content, int seed)
    {
        File.WriteAllBytes(_folder[file], content);
        long before = GC.GetAllocatedBytesForCurrentThread();
        try
        {
            TextTokenizer tokenizer = TextTokenizer.Open(_folder[""]);
            _ = tokenizer.Encode("a red star, A <|im_end|> é🐢");
        }
        catch (Exception e) when (e is InvalidDataException or NotSupportedException or CheckpointException)
        {
            Assert.True(e.Message.Length <= 1000, $"seed {seed}: a message of {e.Message.Length} characters");
        }
        catch (Exception e)
        {
            Assert.Fail($"seed {seed}: {e}");
        }

        // Objects for each token of the file, and tables of fixed length.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (200L * content.Length) + 4_000_000);
    }

    private TextTokenizer Open(string file, string content)
    {
        File.WriteAllText(_folder[file], content, new UTF8Encoding(false));
        return TextTokenizer.Open(_folder[""]);
    }
}
