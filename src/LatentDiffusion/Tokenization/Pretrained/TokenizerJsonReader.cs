using System.Text.Json;

namespace LatentDiffusion.Tokenization;

/// <summary>
/// Reads a <c>tokenizer.json</c>: the whole of a tokenizer as data. Its <c>truncation</c> and <c>padding</c> are not read, because
/// pipelines give their own.
/// </summary>
internal static class TokenizerJsonReader
{
    /// <exception cref="InvalidDataException">It is not such a file, or its parts do not fit together; the message says why.</exception>
    /// <exception cref="NotSupportedException">It has a part of a kind that is not supported; the message names it.</exception>
    public static TokenizerDefinition Read(JsonElement root)
    {
        JsonElement? preTokenizer = root.Find("pre_tokenizer");
        var definition = new TokenizerDefinition(ModelReader.Read(root.Member("model", JsonValueKind.Object), IsByteLevel(preTokenizer)))
        {
            Added = [.. root.Objects("added_tokens").Select(token => ReadAdded(token, token.Id("id")))],
            Normalize = NormalizerReader.Read(root.Find("normalizer")),
            Split = PreTokenizerReader.Read(preTokenizer),
        };
        (IReadOnlyList<int> before, IReadOnlyList<int> after) = PostProcessorReader.Read(root.Find("post_processor"));
        return definition with { Before = before, After = after };
    }

    /// <summary>An added token, as <c>tokenizer_config.json</c> has it too.</summary>
    public static AddedToken ReadAdded(JsonElement token, int id) => new(id, token.Text("content"))
    {
        SingleWord = token.Flag("single_word"), StripsLeft = token.Flag("lstrip"), StripsRight = token.Flag("rstrip"),
        IsNormalized = token.Flag("normalized"),
    };

    private static bool IsByteLevel(JsonElement? preTokenizer) => preTokenizer is { } given
        && (given.FindText("type") == "ByteLevel" || given.Objects("pretokenizers").Any(part => IsByteLevel(part)));
}
