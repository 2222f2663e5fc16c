using System.Text.Json;
using Xunit;

namespace LatentDiffusion.Tests.Tokenization;

/// <summary>The ids of every prompt of the reference files, with the published vocabularies.</summary>
public sealed class TextTokenizerReferenceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void T5_from_its_tokenizer_json()
    {
        Copy("tokenizer.json", "t5-tokenizer", "tokenizer.json");
        AssertIds(TextTokenizer.Open(_folder[""]), "t5-tokens.json", prompt => prompt.GetProperty("ids"));
    }

    [Fact]
    public void T5_from_its_SentencePiece_model()
    {
        Copy("spiece.model", "t5-tokenizer", "spiece.model");
        AssertIds(
            TextTokenizer.Open(_folder[""]), "t5-tokens.json",
            prompt => prompt.TryGetProperty("sentencepiece", out JsonElement ids) ? ids : prompt.GetProperty("ids"));
    }

    [Fact]
    public void T5_from_its_model_with_special_tokens()
    {
        Copy("spiece.model", "t5-tokenizer", "spiece.model");
        File.WriteAllText(_folder["tokenizer_config.json"], """
            { "tokenizer_class": "T5Tokenizer", "extra_ids": 100, "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>" }
            """);
        AssertIds(TextTokenizer.Open(_folder[""]), "t5-tokens.json", prompt => prompt.GetProperty("ids"));
    }

    [Fact]
    public void Qwen3_from_its_vocabulary_and_merges() => AssertQwen3();

    [Fact]
    public void Qwen3_from_its_tokenizer_json()
    {
        string folder = SharedData.Require("qwen3-tokenizer");
        var json = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "tokenizer-without-vocabulary.json")))!;
        BpeVocabulary vocabulary = BpeVocabulary.Open(folder);
        json["model"] = JsonSerializer.SerializeToNode(new
        {
            type = "BPE", vocab = vocabulary.Tokens, merges = vocabulary.Merges.Select(merge => new[] { merge.Left, merge.Right }),
        });
        File.WriteAllText(_folder["tokenizer.json"], json.ToJsonString());
        AssertIds(TextTokenizer.Open(_folder[""]), "llm-tokens.json", prompt => prompt.GetProperty("ids"));
    }

    private void AssertQwen3()
    {
        Copy("vocab.json", "qwen3-tokenizer", "vocab.json");
        Copy("merges.txt", "qwen3-tokenizer", "merges.txt");
        Copy("tokenizer_config.json", "qwen3-tokenizer", "tokenizer_config.json");
        TextTokenizer tokenizer = TextTokenizer.Open(_folder[""]);
        Assert.Equal(tokenizer.IdOf("<|endoftext|>"), tokenizer.PaddingId);
        AssertIds(tokenizer, "llm-tokens.json", prompt => prompt.GetProperty("ids"));
        foreach (JsonElement prompt in Prompts("llm-tokens.json"))
        {
            string text = prompt.GetProperty("text").GetString()!;
            Assert.Equal(Numbers(prompt.GetProperty("klein")), tokenizer.Encode(ChatTemplate.Qwen3WithoutThinking.Render(text)));
            Assert.Equal(Numbers(prompt.GetProperty("z_image")), tokenizer.Encode(ChatTemplate.Qwen3.Render(text)));
        }
    }

    [Fact]
    public void Chat_templates_render_as_the_pipelines_do()
    {
        JsonElement rendered = ReferenceFigures.Read("llm-tokens.json").GetProperty("rendered");
        Assert.Equal(rendered.GetProperty("klein").GetString(), ChatTemplate.Qwen3WithoutThinking.Render("PROMPT"));
        Assert.Equal(rendered.GetProperty("z_image").GetString(), ChatTemplate.Qwen3.Render("PROMPT"));
    }

    private static void AssertIds(TextTokenizer tokenizer, string file, Func<JsonElement, JsonElement> ids)
    {
        int count = 0;
        foreach (JsonElement prompt in Prompts(file))
        {
            string text = prompt.GetProperty("text").GetString()!;
            IReadOnlyList<int> actual = tokenizer.Encode(text);
            Assert.True(Numbers(ids(prompt)).SequenceEqual(actual), $"'{text}': {string.Join(' ', actual)}");
            count++;
        }

        Assert.NotEqual(0, count);
    }

    private static IEnumerable<JsonElement> Prompts(string file) => ReferenceFigures.Read(file).GetProperty("prompts").EnumerateArray();

    private static int[] Numbers(JsonElement ids) => [.. ids.EnumerateArray().Select(id => id.GetInt32())];

    private void Copy(string to, params string[] from) => File.Copy(SharedData.Require(from), _folder[to]);
}
