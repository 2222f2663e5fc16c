using System.Text.Json;

namespace LatentDiffusion.Tokenization;

/// <summary>Reads the <c>model</c> of a <c>tokenizer.json</c>.</summary>
internal static class ModelReader
{
    /// <param name="model">The model.</param>
    /// <param name="isByteLevel">Whether its tokens consist of <see cref="ByteSymbols"/>.</param>
    public static ITokenModel Read(JsonElement model, bool isByteLevel)
    {
        // Older files do not name the type of the model.
        string type = model.FindText("type") ?? (model.Find("merges") is null ? "Unigram" : "BPE");
        return type switch
        {
            "BPE" => ReadBytePair(model, isByteLevel),
            "Unigram" => ReadUnigram(model),
            _ => throw TokenizerMembers.Unknown("model", model),
        };
    }

    private static ITokenModel ReadBytePair(JsonElement model, bool isByteLevel)
    {
        if (model.Find("dropout") is { } dropout && !(dropout.ValueKind == JsonValueKind.Number && dropout.GetDouble() == 0))
            throw new NotSupportedException($"its dropout {MessageText.Truncate(dropout.GetRawText(), 100)} is not supported.");
        foreach (string affix in (string[])["continuing_subword_prefix", "end_of_word_suffix"])
        {
            if (model.FindText(affix) is { Length: > 0 } text)
                throw new NotSupportedException($"its {affix} '{MessageText.Truncate(text, 100)}' is not supported.");
        }

        var tokens = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (JsonProperty token in model.Member("vocab", JsonValueKind.Object).EnumerateObject())
            tokens[token.Name] = token.Value.ToId(token.Name);
        (string, string)[] merges = [.. model.Member("merges", JsonValueKind.Array).EnumerateArray().Select(CombinedVocabulary.Pair)];
        var vocabulary = new BpeVocabulary(tokens, merges);
        bool ignoresMerges = model.Flag("ignore_merges"), fallsBack = model.Flag("byte_fallback");
        return isByteLevel && !ignoresMerges && !fallsBack
            ? new ByteLevelModel(vocabulary)
            : new BytePairModel(vocabulary)
            {
                IsByteLevel = isByteLevel, IgnoresMerges = ignoresMerges, FallsBackToBytes = fallsBack,
                JoinsUnknown = model.Flag("fuse_unk"), UnknownToken = model.FindText("unk_token"),
            };
    }

    private static UnigramModel ReadUnigram(JsonElement model)
    {
        var pieces = new List<(string, double)>();
        foreach (JsonElement piece in model.Member("vocab", JsonValueKind.Array).EnumerateArray())
        {
            if (piece.ValueKind != JsonValueKind.Array || piece.GetArrayLength() != 2
                || piece[0].ValueKind != JsonValueKind.String || piece[1].ValueKind != JsonValueKind.Number)
            {
                throw new InvalidDataException($"piece {pieces.Count} of its vocabulary is not a text with a score.");
            }

            pieces.Add((piece[0].GetString()!, piece[1].GetDouble()));
        }

        int? unknown = model.Find("unk_id")?.ToId("unk_id");
        return new UnigramModel(pieces, unknown, model.Flag("byte_fallback"));
    }
}
