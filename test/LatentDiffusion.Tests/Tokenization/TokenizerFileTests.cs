using System.Text.Json;
using Xunit;

namespace LatentDiffusion.Tests.Tokenization;

/// <summary>Invalid tokenizer files end in <see cref="InvalidDataException"/>.</summary>
public sealed class TokenizerFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public TokenizerFileTests() => new ClipTokenizerFiles(BpeTrainer.Train(["a star"], 520)).Save(_folder[""]);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_was_saved_is_read()
    {
        ClipTokenizerFiles files = ClipTokenizerFiles.Open(_folder[""]);
        Assert.Equal((77, BpeVocabulary.EndToken), (files.MaxLength, files.PaddingToken));
        Assert.Equal(files.Build().EndId, files.Build().PaddingId);
    }

    [Theory]
    [InlineData("vocab.json", "")]
    [InlineData("vocab.json", "[]")]
    [InlineData("vocab.json", "null")]
    [InlineData("vocab.json", """{"a": 0, "a": 1}""")]
    [InlineData("vocab.json", """{"\ud800": 0}""")]
    [InlineData("vocab.json", """{"a": 1e99}""")]
    [InlineData("vocab.json", """{"a": null}""")]
    [InlineData("vocab.json", """{"a": 0}""")]
    [InlineData("merges.txt", "a\n")]
    [InlineData("merges.txt", "unknown tokens\n")]
    [InlineData("tokenizer_config.json", "[")]
    [InlineData("tokenizer_config.json", "[]")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder": {}, "pad_token": {"content": "\ud800"}}""")]
    [InlineData("tokenizer_config.json", """{"\ud800": 1}""")]
    [InlineData("tokenizer_config.json", """{"a": 1, "a": 2}""")]
    [InlineData("special_tokens_map.json", """{"pad_token": "no such token"}""")]
    [InlineData("special_tokens_map.json", """{"pad_token": "\ud800"}""")]
    public void Anything_else_is_refused(string file, string content)
    {
        File.WriteAllText(_folder[file], content);
        Assert.Throws<InvalidDataException>(() => ClipTokenizerFiles.Open(_folder[""]).Build());
    }

    [Theory]
    [InlineData("1e400", 77)]
    [InlineData("1e30", 77)]
    [InlineData("-1e400", 2)]
    [InlineData("8.5", 8)]
    [InlineData("\"8\"", 77)]
    public void Lengths_beyond_the_tower_are_clamped(string length, int expected)
    {
        File.WriteAllText(_folder["tokenizer_config.json"], $$"""{"model_max_length": {{length}}}""");
        Assert.Equal(expected, ClipTokenizerFiles.Open(_folder[""]).MaxLength);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void One_file_with_both_is_read_in_their_place(bool pairs)
    {
        string before = ClipTokenizerFiles.Open(_folder[""]).Build().ContentKey;
        WriteCombined("</w>", pairs);
        Assert.Equal(before, ClipTokenizerFiles.Open(_folder[""]).Build().ContentKey);
        TokenizerPlace place = Assert.Single(TokenizerPlace.In(Path.GetDirectoryName(_folder["model.safetensors"])!));
        Assert.Equal((Path.TrimEndingDirectorySeparator(_folder[""]), TokenizerKind.Clip), (place.Path, place.Kind));
    }

    [Fact]
    public void Words_that_end_otherwise_are_not_CLIPs()
    {
        WriteCombined("", pairs: false);
        var exception = Assert.Throws<InvalidDataException>(() => ClipTokenizerFiles.Open(_folder[""]));
        Assert.Contains("tokenizer.json", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"model": null}""")]
    [InlineData("""{"model": {"end_of_word_suffix": "</w>", "vocab": [["a", 1]], "merges": []}}""")]
    [InlineData("""{"model": {"end_of_word_suffix": "</w>", "vocab": {"a": "1"}, "merges": []}}""")]
    [InlineData("""{"model": {"end_of_word_suffix": "</w>", "vocab": {"a": 1}, "merges": ["a b c"]}}""")]
    [InlineData("""{"model": {"end_of_word_suffix": "</w>", "vocab": {"a": 1}, "merges": [["a", 1]]}}""")]
    [InlineData("""{"model": {"end_of_word_suffix": null, "vocab": {"a": 1}, "merges": []}}""")]
    public void Any_other_single_file_is_refused(string content)
    {
        File.Delete(_folder["vocab.json"]);
        File.WriteAllText(_folder["tokenizer.json"], content);
        var exception = Assert.Throws<InvalidDataException>(() => ClipTokenizerFiles.Open(_folder[""]));
        Assert.Contains("tokenizer.json", exception.Message, StringComparison.Ordinal);
    }

    private void WriteCombined(string suffix, bool pairs)
    {
        BpeVocabulary vocabulary = BpeVocabulary.Open(_folder[""]);
        File.Delete(_folder["vocab.json"]);
        File.Delete(_folder["merges.txt"]);
        File.WriteAllText(_folder["tokenizer.json"], JsonSerializer.Serialize(new
        {
            version = "1.0",
            model = new
            {
                type = "BPE", dropout = (double?)null, end_of_word_suffix = suffix, vocab = vocabulary.Tokens,
                merges = vocabulary.Merges.Select(m => pairs ? (object)new[] { m.Left, m.Right } : $"{m.Left} {m.Right}"),
            },
        }));
    }
}
