namespace LatentDiffusion.Checkpoints;

/// <summary>The tokenizers for the text encoders of a single file, which contains none.</summary>
/// <param name="file">The file.</param>
/// <param name="options">Where its tokenizers are.</param>
internal sealed class SingleFileTokenizers(ITensorSource file, SingleFileOptions options)
{
    /// <summary>Fills the messages to Qwen3 where a file has only the vocabulary.</summary>
    private const string Qwen3Padding = "<|endoftext|>";

    private TokenizerPlace[] Places => field ??= [.. Paths.SelectMany(TokenizerPlace.In)];

    private string[] Paths => options.Tokenizers.Count > 0 ? [.. options.Tokenizers]
        : [options.TokenizerFolder ?? Path.GetDirectoryName(Path.GetFullPath(file.Path))!];

    /// <summary>CLIP's vocabulary: the given one, or that of the named folder, or that next to the file; null for none.</summary>
    /// <exception cref="FileNotFoundException">The tokenizer does not exist, and a model needs it.</exception>
    public BpeVocabulary? OpenClip() => options.Vocabulary
        ?? (Find(TokenizerKind.Clip, $"CLIP's {BpeVocabulary.TokensFile} and {BpeVocabulary.MergesFile}, or its") is { } place
            ? File.Exists(place) ? CombinedVocabulary.Read(place) : BpeVocabulary.Open(place)
            : null);

    /// <summary>T5's tokenizer; null for none.</summary>
    /// <exception cref="FileNotFoundException">The tokenizer does not exist, and a model needs it.</exception>
    public TextTokenizerFiles? OpenT5() =>
        Find(TokenizerKind.T5, "T5's spiece.model or") is { } place ? TextTokenizerFiles.Open(place, padding: null) : null;

    /// <summary>Qwen3's tokenizer; null for none.</summary>
    /// <exception cref="FileNotFoundException">The tokenizer does not exist, and a model needs it.</exception>
    public TextTokenizerFiles? OpenQwen3() =>
        Find(TokenizerKind.Qwen3, $"Qwen3's {BpeVocabulary.TokensFile} and {BpeVocabulary.MergesFile}, or its") is { } place
            ? TextTokenizerFiles.Open(place, Qwen3Padding)
            : null;

    private string? Find(TokenizerKind kind, string what)
    {
        if (Places.FirstOrDefault(place => place.Kind == kind) is { } known) return known.Path;
        if (!options.RequiresTokenizer && options.TokenizerFolder is null) return null;
        IEnumerable<string> others = Places.Select(place => place.Kind == TokenizerKind.Clip ? "CLIP" : $"{place.Kind}").Distinct();
        string found = Places.Length == 0 ? "no tokenizer" : $"only the tokenizer of {string.Join(" and ", others)}";
        throw new FileNotFoundException(MessageText.Truncate(
            $"The tokenizer of a text encoder is missing: {MessageText.List(Paths)} has {found}. Name a folder with {what} "
            + $"{BpeVocabulary.CombinedFile}, or put these files next to the model's file; folders in it whose names begin with "
            + "tokenizer count too."));
    }
}
