using System.Text.Json;

namespace LatentDiffusion.Tokenization;

/// <summary>
/// The vocabulary in a <c>tokenizer.json</c>, which newer tools save instead of <c>vocab.json</c> and <c>merges.txt</c>. CLIP
/// tokenizers are the same in all other respects, so only its model is read.
/// </summary>
internal static class CombinedVocabulary
{
    /// <exception cref="InvalidDataException">It is not a byte-pair vocabulary in CLIP's format; the message says why.</exception>
    /// <exception cref="CheckpointException">The file was left by a failed download.</exception>
    public static BpeVocabulary Read(string path)
    {
        FailedDownload.ThrowIf(path);
        return PublishedJson.Named(path, () => Parse(PublishedJson.Parse(PublishedJson.ReadText(path))));
    }

    private static BpeVocabulary Parse(JsonElement root)
    {
        JsonElement model = Member(root, "model", JsonValueKind.Object);
        JsonElement vocabulary = Member(model, "vocab", JsonValueKind.Object), merges = Member(model, "merges", JsonValueKind.Array);
        if (!model.TryGetProperty("end_of_word_suffix", out JsonElement suffix)
            || suffix.ValueKind != JsonValueKind.String
            || !suffix.ValueEquals(BpeVocabulary.EndOfWord))
        {
            throw new InvalidDataException($"its words do not end in '{BpeVocabulary.EndOfWord}', as those of CLIP do.");
        }

        var tokens = new Dictionary<string, int>();
        foreach (JsonProperty token in vocabulary.EnumerateObject())
        {
            if (token.Value.ValueKind != JsonValueKind.Number || !token.Value.TryGetInt32(out int id))
                throw new InvalidDataException($"the id of '{MessageText.Truncate(token.Name, 100)}' is not an integer.");
            tokens.Add(token.Name, id);
        }

        return new BpeVocabulary(tokens, [.. merges.EnumerateArray().Select(Pair)]);
    }

    /// <summary>Two tokens separated by a space or, in newer files, a list of two.</summary>
    /// <exception cref="InvalidDataException">It is something else.</exception>
    public static (string Left, string Right) Pair(JsonElement merge)
    {
        string?[] parts = merge.ValueKind switch
        {
            JsonValueKind.String => [.. merge.GetString()!.Split(' ')],
            JsonValueKind.Array =>
                [.. merge.EnumerateArray().Select(part => part.ValueKind == JsonValueKind.String ? part.GetString() : null)],
            _ => [],
        };
        return parts is [{ Length: > 0 } left, { Length: > 0 } right]
            ? (left, right)
            : throw new InvalidDataException("one of its merges is not two tokens.");
    }

    private static JsonElement Member(JsonElement parent, string name, JsonValueKind kind) =>
        parent.TryGetProperty(name, out JsonElement member) && member.ValueKind == kind
            ? member
            : throw new InvalidDataException($"it has no {kind} '{name}'.");
}
