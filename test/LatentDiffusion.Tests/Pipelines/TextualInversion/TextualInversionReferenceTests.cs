using System.Text.Json;
using LatentDiffusion.Tests.Reference;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Tokens, ids and prompts of diffusers, for files of each form with embeddings by formula.</summary>
public sealed class TextualInversionReferenceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Tokens_ids_and_prompts_are_the_references()
    {
        var plain = new ClipTokenizer(BpeVocabulary.Open(SharedData.Require("clip-bpe")));
        foreach (JsonElement reference in ReferenceFigures.Read("textual-inversion.json").GetProperty("cases").EnumerateArray())
        {
            JsonElement[] embeddings = [.. reference.GetProperty("embeddings").EnumerateArray()];
            TextualInversion[] read = [.. embeddings.Select(Read)];
            var added = new AddedTokens([.. read.Select(e => (e.Token, e.Vectors))]);
            ClipTokenizer tokenizer = plain.With(added);
            Assert.Equal(embeddings.SelectMany(e => Texts(e.GetProperty("tokens"))), added.Names);
            IEnumerable<long> ids = added.Names.Select((_, i) => (long)tokenizer.FirstAddedId + i);
            Assert.Equal(embeddings.SelectMany(e => Numbers(e.GetProperty("ids"))), ids);
            foreach (JsonElement prompt in reference.GetProperty("prompts").EnumerateArray())
            {
                string text = prompt.GetProperty("prompt").GetString()!;
                Assert.Equal(prompt.GetProperty("converted").GetString(), added.Expand(text));
                Assert.Equal(Numbers(prompt.GetProperty("ids")), tokenizer.Encode(text).Ids);
            }
        }
    }

    private TextualInversion Read(JsonElement embedding)
    {
        string token = embedding.GetProperty("token").GetString()!, form = embedding.GetProperty("form").GetString()!;
        long[] shape = Numbers(embedding.GetProperty("shape"));
        using Tensor values = FormulaWeights.Parameter($"embedding:{token}", shape);
        string path = form switch
        {
            "diffusers" => EmbeddingFiles.Diffusers(_folder["a.safetensors"], token, values),
            "a1111" => EmbeddingFiles.WebUi(_folder["a.pt"], token, values),
            _ => throw new InvalidDataException($"The reference has an embedding of the form '{form}'."),
        };
        TextualInversion read = Assert.Single(TextualInversionFile.Read(path));
        Assert.Equal(token, read.Token);
        float[,] rows = read.Embeddings[TextualInversion.OnlyTower];
        Assert.Equal((shape.Length == 1 ? 1 : shape[0], shape[^1]), (rows.GetLength(0), rows.GetLength(1)));
        Assert.All(
            embedding.GetProperty("first_values").EnumerateArray().Index(), v => Assert.Equal(v.Item.GetDouble(), rows[v.Index, 0], 1e-6));
        return read;
    }

    private static IEnumerable<string> Texts(JsonElement list) => list.EnumerateArray().Select(t => t.GetString()!);

    private static long[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(n => n.GetInt64())];
}
