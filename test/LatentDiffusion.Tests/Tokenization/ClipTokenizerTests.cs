using System.Text;
using System.Text.Json;
using CsCheck;
using Xunit;

namespace LatentDiffusion.Tests.Tokenization;

public sealed class ClipTokenizerTests
{
    private static readonly Lazy<ClipTokenizer> s_small =
        new(() => new ClipTokenizer(BpeTrainer.Train(["a red star", "a blue star"], 530)));

    [Fact]
    public void Every_reference_prompt_is_exact()
    {
        var tokenizer = new ClipTokenizer(BpeVocabulary.Open(SharedData.Require("clip-bpe")));
        foreach (JsonElement prompt in ReferenceFigures.Read("clip-tokens.json").GetProperty("prompts").EnumerateArray())
        {
            string text = prompt.GetProperty("text").GetString()!;
            long[] expected = [.. prompt.GetProperty("ids").EnumerateArray().Select(id => id.GetInt64())];
            TokenizedPrompt tokens = tokenizer.Encode(text);
            Assert.True(expected.SequenceEqual(tokens.Ids), $"'{text}': {string.Join(' ', tokens.Ids)}");
        }
    }

    [Fact]
    public void Words_of_more_than_1024_characters_are_cut()
    {
        string word = string.Concat(Enumerable.Repeat("blue", 256));
        Assert.Equal(1024, word.Length);
        IReadOnlyList<int> one = s_small.Value.Tokenize(word);
        Assert.Equal([.. one, .. one, .. s_small.Value.Tokenize("re")], s_small.Value.Tokenize($"{word}{word}re"));
        Assert.Equal(s_small.Value.Tokenize($"{word}{BpeVocabulary.EndToken}{word}"), [.. one, s_small.Value.EndId, .. one]);
    }

    [Fact]
    public void It_agrees_with_plain_byte_pair_encoding()
    {
        BpeVocabulary vocabulary = BpeVocabulary.Open(SharedData.Require("clip-bpe"));
        var tokenizer = new ClipTokenizer(vocabulary);
        var plain = new PlainBpe(vocabulary);
        string[] pieces =
        [
            "the", "un", "believ", "able", "ing", "er", " ", "  ", "'", "'s", "'LL", "!", "...", "7", "42", "é", "ß", "日本", "🐢",
            "🔥🔥", "Q", "x", "zz", "_", "<|endoftext|>", "\u0301", "\u200d", "&amp;", "\0",
        ];
        Gen.Int[0, pieces.Length - 1].Select(i => pieces[i]).Array[0, 40].Select(string.Concat).Sample(Agree, iter: 2000);
        Gen.Char[char.MinValue, char.MaxValue].Array[0, 30].Select(c => new string(c)).Sample(Agree, iter: 1000);

        void Agree(string text)
        {
            List<int> expected = plain.Encode(text);
            Assert.Equal(expected, tokenizer.Tokenize(text));
            TokenizedPrompt tokens = tokenizer.Encode(text);
            Assert.Equal(expected.Take(75).Select(id => (long)id), tokens.Ids[1..(tokens.Count - 1)]);
        }
    }

    [Theory]
    [InlineData("", 2)]
    [InlineData(" \t\r\n\u00a0\u3000", 2)]
    [InlineData("photo", 3)]
    public void The_count_excludes_padding(string text, int count)
    {
        var tokenizer = new ClipTokenizer(BpeVocabulary.Open(SharedData.Require("clip-bpe")), paddingToken: "!");
        TokenizedPrompt tokens = tokenizer.Encode(text);
        Assert.Equal(count, tokens.Count);
        Assert.Equal(tokenizer.EndId, tokens.Ids[count - 1]);
        Assert.All(tokens.Ids[count..], id => Assert.Equal(0, id));
    }

    [Fact]
    public void Long_prompts_are_truncated_and_keep_the_end_token()
    {
        ClipTokenizer tokenizer = s_small.Value;
        TokenizedPrompt tokens = tokenizer.Encode(string.Concat(Enumerable.Repeat("star ", 1000)));
        Assert.Equal(77, tokens.Count);
        Assert.Equal(tokenizer.StartId, tokens.Ids[0]);
        Assert.Equal(tokenizer.EndId, tokens.Ids[^1]);
        Assert.Single(tokens.Ids[1..^1].Distinct());
        Assert.Equal(1000, tokenizer.Tokenize(string.Concat(Enumerable.Repeat("star ", 1000))).Count);
    }

    [Fact]
    public void Unusual_texts_are_tokenized()
    {
        // Not as inline data: attributes are stored as UTF-8, which cannot represent half a surrogate pair.
        string[] texts =
        [
            "\0", "\ud83d", "a\udc22b \ud83d\ud83d\udc22", "\u001b[31m \u0007\u200b\u200d\ufeff", "👩‍👩‍👧‍👦🏳️‍🌈",
            "<|startoftext|><|endoftext|><|endoftext", "𝒜𝟘 𐐀", "İstanbul ẞ Σας", "&#xd800; &#0; &#x110000; &unknown;",
        ];
        foreach (string text in texts) Check(text);
    }

    [Fact]
    public void Long_texts_are_tokenized()
    {
        foreach (string piece in new[] { "x", "é", "\u0301", "🐢", "ab ", "'", "9", "\ud83d", "</w>", "한" })
            Check(string.Concat(Enumerable.Repeat(piece, 100_000 / piece.Length)));
    }

    [Fact]
    public void Generated_texts_are_tokenized()
    {
        // Any UTF-16 code unit, including halves of surrogate pairs.
        Gen.Char[char.MinValue, char.MaxValue].Array[0, 60].Select(c => new string(c)).Sample(Check, iter: 3000);
        Gen.Char[char.MinValue, '\u0250'].Array[0, 200].Select(c => new string(c)).Sample(Check, iter: 1000);
    }

    [Fact]
    public void Concurrent_use_gives_the_same_tokens()
    {
        ClipTokenizer shared = s_small.Value;
        string[] texts = [.. Enumerable.Range(0, 200).Select(i => $"a red star number {i} over blue café {i * 7919}")];
        long[][] expected =
        [
            .. texts.Take(20).Select(t => new ClipTokenizer(BpeTrainer.Train(["a red star", "a blue star"], 530)).Encode(t).Ids),
        ];
        var actual = new long[texts.Length][];
        Parallel.For(0, texts.Length, i => actual[i] = shared.Encode(texts[i]).Ids);
        for (int i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i]);
    }

    [Theory]
    [InlineData("e\u0301", "é")]
    [InlineData("A\u030a", "\u212b")]
    [InlineData("\u1112\u1161\u11ab", "한")]
    [InlineData("q\u0307\u0323", "q\u0323\u0307")]
    [InlineData("ÜNÏCÖDÉ", "u\u0308ni\u0308co\u0308de\u0301")]
    [InlineData("&amp;lt; &#233;", "< é")]
    [InlineData("photo of\t\n A", "  photo OF a ")]
    public void Equivalent_texts_have_the_same_tokens(string one, string other) =>
        Assert.Equal(s_small.Value.Tokenize(one), s_small.Value.Tokenize(other));

    [Theory]
    [InlineData("{", "", "JSON")]
    [InlineData("null", "", "null")]
    [InlineData("[1]", "", "JSON")]
    [InlineData("{\"a\":1}", "", "<|startoftext|>")]
    [InlineData("{\"a\":1,\"<|startoftext|>\":2,\"<|endoftext|>\":3}", "a b", "fit together")]
    [InlineData("{\"a\":1,\"<|startoftext|>\":2,\"<|endoftext|>\":2}", "", "fit together")]
    [InlineData("{\"a\":1,\"<|startoftext|>\":2,\"<|endoftext|>\":3}", "#version: 0.2\nonly", "Line 2")]
    [InlineData("{\"a\":1,\"<|startoftext|>\":2,\"<|endoftext|>\":3}", "a  b", "Line 1")]
    public void Bad_vocabularies_are_refused_with_a_reason(string tokens, string merges, string reason)
    {
        var exception = Assert.Throws<InvalidDataException>(() => ClipTokenizer.Read(
            new MemoryStream(Encoding.UTF8.GetBytes(tokens)),
            new MemoryStream(Encoding.UTF8.GetBytes(merges))));
        Assert.Contains(reason, exception.Message);
    }

    private static void Check(string text)
    {
        ClipTokenizer tokenizer = s_small.Value;
        TokenizedPrompt tokens = tokenizer.Encode(text);
        Assert.Equal(77, tokens.Ids.Length);
        Assert.InRange(tokens.Count, 2, 77);
        Assert.Equal(tokenizer.StartId, tokens.Ids[0]);
        Assert.Equal(tokenizer.EndId, tokens.Ids[tokens.Count - 1]);
        Assert.All(tokens.Ids, id => Assert.InRange(id, 0, tokenizer.VocabularySize - 1));
    }
}
