namespace LatentDiffusion.Checkpoints;

/// <summary>A folder with a tokenizer's files, or one such file by itself.</summary>
/// <param name="Path">Path of the folder or file.</param>
/// <param name="Kind">Whose tokenizer it is.</param>
internal sealed record TokenizerPlace(string Path, TokenizerKind Kind)
{
    private const string Folders = "tokenizer*";

    private static readonly string[] s_sentencePiece = ["spiece.model", "tokenizer.model"];

    /// <summary>The tokenizers of a file or folder; of a folder also those of the folders in it whose names begin with tokenizer.</summary>
    /// <param name="path">The file or folder; one that does not exist has none.</param>
    public static IEnumerable<TokenizerPlace> In(string path)
    {
        // Of these two files neither is a vocabulary without the other.
        bool isHalf = System.IO.Path.GetFileName(path) is BpeVocabulary.TokensFile or BpeVocabulary.MergesFile;
        string[] places = isHalf ? [System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!]
            : Directory.Exists(path) ? [path, .. Directory.EnumerateDirectories(path, Folders).Order(StringComparer.Ordinal)]
            : [path];
        return from place in places let kind = KindOf(place) where kind is not null select new TokenizerPlace(place, kind.Value);
    }

    /// <summary>By what only one of the vocabularies has: CLIP's first token, or T5's kind of model.</summary>
    private static TokenizerKind? KindOf(string path)
    {
        if (Directory.Exists(path))
        {
            string[] files = [BpeVocabulary.CombinedFile, BpeVocabulary.TokensFile, .. s_sentencePiece];
            return files.Select(file => System.IO.Path.Combine(path, file)).Where(File.Exists).Select(KindOf)
                .FirstOrDefault(kind => kind is not null);
        }

        if (!File.Exists(path)) return null;
        FailedDownload.ThrowIf(path);
        if (path.EndsWith(".model", StringComparison.OrdinalIgnoreCase)) return TokenizerKind.T5;
        if (!path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) return null;
        ReadOnlySpan<byte> content = RegularFile.Read(path, TextTokenizerFiles.MaximumLength);
        return content.IndexOf("|startoftext|"u8) >= 0 ? TokenizerKind.Clip
            : content.IndexOf("\"Unigram\""u8) >= 0 ? TokenizerKind.T5
            : TokenizerKind.Qwen3;
    }
}
