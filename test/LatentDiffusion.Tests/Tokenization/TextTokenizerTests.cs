using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Xunit;

namespace LatentDiffusion.Tests.Tokenization;

/// <summary>Tokenizers of small vocabularies, whose ids can be read off them.</summary>
public sealed class TextTokenizerTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("a red star", new[] { 4, 5, 6, 1 })]
    [InlineData("  A\n red  ", new[] { 4, 5, 1 })]
    [InlineData("a rat", new[] { 4, 3, 10, 9, 8, 1 })]
    [InlineData("a xyz", new[] { 4, 3, 2, 1 })]
    [InlineData("a</s>red", new[] { 4, 1, 5, 1 })]
    [InlineData("", new[] { 1 })]
    public void Unigram(string text, int[] ids) => Assert.Equal(ids, Json(TinyTokenizers.Unigram).Encode(text));

    [Theory]
    [InlineData("a red star", new[] { 4, 5, 6, 1 })]
    [InlineData("  A red  ", new[] { 4, 5, 1 })]
    [InlineData("a xyz", new[] { 4, 3, 2, 1 })]
    [InlineData("<s>", new[] { 3, 2, 7, 2, 1 })]
    [InlineData("", new[] { 1 })]
    public void SentencePiece(string text, int[] ids)
    {
        File.WriteAllBytes(_folder["spiece.model"], TinyTokenizers.SentencePiece);
        TextTokenizer tokenizer = TextTokenizer.Open(_folder[""]);
        Assert.Equal(ids, tokenizer.Encode(text));
        Assert.Equal(0, tokenizer.PaddingId);
    }

    [Fact]
    public void Gaps_of_T5_have_the_last_ids()
    {
        File.WriteAllBytes(_folder["spiece.model"], TinyTokenizers.SentencePiece);
        File.WriteAllText(_folder["tokenizer_config.json"], """{ "extra_ids": 2, "eos_token": { "content": "</s>" } }""");
        Assert.Equal([4, 14, 13, 1, 1], TextTokenizer.Open(_folder[""]).Encode("a <extra_id_0><extra_id_1></s>"));
    }

    [Theory]
    [InlineData("a red", new[] { 64, 258 })]
    [InlineData("<|im_start|>st<|im_end|>", new[] { 260, 259, 261 })]
    [InlineData("\u00e9", new[] { 127, 102 })]
    [InlineData("e\u0301", new[] { 127, 102 })]
    [InlineData("", new int[0])]
    public void Byte_level(string text, int[] ids) => Assert.Equal(ids, Json(TinyTokenizers.ByteLevel).Encode(text));

    [Theory]
    [InlineData("a red", new[] { 1, 259, 265 })]
    [InlineData("red a\u00e9", new[] { 1, 264, 258, 259, 0xC3 + 2, 0xA9 + 2 })]
    [InlineData("rred", new[] { 1, 260, 264 })]
    public void Byte_fallback(string text, int[] ids) => Assert.Equal(ids, Json(TinyTokenizers.ByteFallback).Encode(text));

    [Fact]
    public void Unknown_characters_without_byte_tokens_are_one_unknown_token()
    {
        string json = TinyTokenizers.ByteFallback.Replace("\"byte_fallback\":true", "\"byte_fallback\":false", StringComparison.Ordinal);
        Assert.Equal([1, 259, 0, 259], Json(json).Encode("a\u00e9\u00e8a"));
        json = json.Replace("\"fuse_unk\":true", "\"fuse_unk\":false", StringComparison.Ordinal);
        Assert.Equal([1, 259, 0, 0, 259], Json(json).Encode("a\u00e9\u00e8a"));
    }

    [Fact]
    public void A_word_that_is_a_token_may_ignore_merges()
    {
        JsonNode json = JsonNode.Parse(TinyTokenizers.ByteLevel)!;
        json["model"]!["vocab"]!["red"] = 263;
        Assert.DoesNotContain(263, Json(json.ToJsonString()).Encode("red"));
        json["model"]!["ignore_merges"] = true;
        Assert.Equal([263, 258], Json(json.ToJsonString()).Encode("red red"));
    }

    [Fact]
    public void Both_engines_of_byte_pairs_agree()
    {
        JsonNode json = JsonNode.Parse(TinyTokenizers.ByteLevel)!;
        TextTokenizer one = Json(json.ToJsonString());
        json["model"]!["ignore_merges"] = true;
        TextTokenizer other = Json(json.ToJsonString());
        string[] pieces = ["red", " red", "re", "d", "st", "s", "t", " ", "  ", "\n", "é", "🐢", "\ud83d", "7", "<|im_end|>"];
        Gen.Int[0, pieces.Length - 1].Select(i => pieces[i]).Array[0, 30].Select(string.Concat)
            .Sample(text => Assert.Equal(one.Encode(text), other.Encode(text)), iter: 500);
    }

    [Fact]
    public void Long_words_take_little_time()
    {
        string word = new('r', 200_000);
        Assert.Equal(200_001, Json(TinyTokenizers.ByteFallback).Encode(word).Count);
        Assert.Equal(200_000, Json(TinyTokenizers.ByteLevel).Encode(word).Count);
        Assert.Equal(200_002, Json(TinyTokenizers.Unigram).Encode(word).Count);
    }

    [Fact]
    public void A_window_is_cut_before_the_end_token_or_padded()
    {
        File.WriteAllText(_folder["special_tokens_map.json"], """{ "pad_token": { "content": "<pad>" } }""");
        TextTokenizer tokenizer = Json(TinyTokenizers.Unigram);
        TokenizedPrompt cut = tokenizer.Encode("a red star", 3), padded = tokenizer.Encode("a", 4);
        Assert.Equal([4, 5, 1], cut.Ids);
        Assert.Equal([4, 1, 0, 0], padded.Ids);
        Assert.Equal(3, cut.Count);
        Assert.Equal(2, padded.Count);
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.Encode("a", 0));
    }

    [Fact]
    public void Without_a_padding_token_nothing_is_padded()
    {
        TextTokenizer tokenizer = Json(TinyTokenizers.ByteLevel);
        Assert.Null(tokenizer.PaddingId);
        Assert.Throws<InvalidOperationException>(() => tokenizer.Encode("a", 4));
    }

    [Theory]
    [InlineData("lstrip", "a  <x> b", new[] { 64, 263, 220, 65 })]
    [InlineData("rstrip", "a <x>  b", new[] { 64, 220, 263, 65 })]
    [InlineData("single_word", "<x>a <x> b", new[] { 27, 87, 29, 64, 220, 263, 220, 65 })]
    [InlineData("special", "<x><xx>", new[] { 263, 264 })]
    public void Added_tokens_take_what_their_flags_say(string flag, string text, int[] ids)
    {
        JsonNode json = JsonNode.Parse(TinyTokenizers.ByteLevel)!;
        json["added_tokens"]!.AsArray().Add(new JsonObject { ["id"] = 263, ["content"] = "<x>", [flag] = true });
        json["added_tokens"]!.AsArray().Add(new JsonObject { ["id"] = 264, ["content"] = "<xx>" });
        Assert.Equal(ids, Json(json.ToJsonString()).Encode(text));
    }

    [Fact]
    public void Normalized_added_tokens_are_found_in_the_normalized_text()
    {
        JsonNode json = JsonNode.Parse(TinyTokenizers.ByteLevel)!;
        json["normalizer"] = new JsonObject { ["type"] = "Lowercase" };
        json["added_tokens"]!.AsArray().Add(new JsonObject { ["id"] = 263, ["content"] = "<X>", ["normalized"] = true });
        Assert.Equal([64, 263], Json(json.ToJsonString()).Encode("A<x>"));
    }

    [Theory]
    [InlineData("Isolated", "the|-|final|-|-|countdown")]
    [InlineData("Removed", "the|final|countdown")]
    [InlineData("MergedWithPrevious", "the-|final-|-|countdown")]
    [InlineData("MergedWithNext", "the|-final|-|-countdown")]
    [InlineData("Contiguous", "the|-|final|--|countdown")]
    public void Splits_behave_as_their_name_says(string behavior, string pieces) => Assert.Equal(
        pieces, Pieces($$"""{ "type": "Split", "pattern": { "String": "-" }, "behavior": "{{behavior}}" }""", "the-final--countdown"));

    [Theory]
    [InlineData("""{ "type": "Digits", "individual_digits": true }""", "a12", "a|1|2")]
    [InlineData("""{ "type": "Digits", "individual_digits": false }""", "a12b", "a|12|b")]
    [InlineData("""{ "type": "Punctuation" }""", "a,+b", "a|,|+|b")]
    [InlineData("""{ "type": "Whitespace" }""", "a b,, c", "a|b|,,|c")]
    [InlineData("""{ "type": "WhitespaceSplit" }""", " a\n b ", "a|b")]
    [InlineData("""{ "type": "ByteLevel" }""", "a b's", " a| b|'s")]
    [InlineData("""{ "type": "Metaspace", "prepend_scheme": "first", "split": true }""", "a b", "▁a|▁b")]
    [InlineData("""{ "type": "Metaspace", "add_prefix_space": false, "split": false }""", "a b", "a▁b")]
    [InlineData("""{ "type": "Split", "pattern": { "Regex": "\\p{L}+" }, "behavior": "Isolated" }""", "𝒻a1𐐀 𝒶", "𝒻a|1|𐐀| |𝒶")]
    public void Pre_tokenizers_cut_as_published(string json, string text, string pieces) => Assert.Equal(pieces, Pieces(json, text));

    [Theory]
    [InlineData("""{ "type": "Sequence", "normalizers": [ { "type": "Strip" }, { "type": "Prepend", "prepend": "▁" } ] }""", " A", "▁A")]
    [InlineData("""{ "type": "Strip", "strip_left": false }""", " A ", " A")]
    [InlineData("""{ "type": "Strip", "strip_right": false }""", " A ", "A ")]
    [InlineData("""{ "type": "Replace", "pattern": { "Regex": " {2,}" }, "content": "▁" }""", "a   b c", "a▁b c")]
    [InlineData("""{ "type": "Lowercase" }""", "ÀB", "àb")]
    [InlineData("null", "A", "A")]
    public void Normalizers_change_as_published(string json, string text, string expected)
    {
        JsonElement element = JsonElement.Parse(json);
        Assert.Equal(expected, NormalizerReader.Read(element.ValueKind == JsonValueKind.Null ? null : element)(text));
    }

    [Fact]
    public void What_was_saved_is_read()
    {
        File.WriteAllText(_folder["tokenizer.json"], TinyTokenizers.Unigram);
        File.WriteAllText(_folder["tokenizer_config.json"], """{ "tokenizer_class": "T5Tokenizer" }""");
        TextTokenizerFiles files = TextTokenizerFiles.Open(_folder[""]);
        files.Save(_folder["copy"]);
        TextTokenizerFiles copy = TextTokenizerFiles.Open(_folder["copy"]);
        Assert.Equal(("T5Tokenizer", "T5Tokenizer"), (files.ClassName, copy.ClassName));
        Assert.Equal(files.Build().ContentKey, copy.Build().ContentKey);
        File.WriteAllText(_folder["tokenizer.json"], TinyTokenizers.ByteLevel);
        Assert.NotEqual(files.Build().ContentKey, TextTokenizer.Open(_folder[""]).ContentKey);
    }

    private TextTokenizer Json(string json)
    {
        File.WriteAllText(_folder["tokenizer.json"], json);
        return TextTokenizer.Open(_folder[""]);
    }

    private static string Pieces(string json, string text) => string.Join(
        '|', PreTokenizerReader.Read(JsonElement.Parse(json))(new TextPiece(text, IsStart: true)).Select(piece => piece.Text));
}
