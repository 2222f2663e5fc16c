namespace LatentDiffusion.Data;

/// <summary>
/// The parts that a data set was published in, recognised by the usual names of folders (<c>train/</c>, <c>val2017/</c>) and
/// Parquet files (<c>train-00000-of-00002.parquet</c>, <c>birds_test.parquet</c>, <c>test/0000.parquet</c>).
/// </summary>
internal static class PublishedParts
{
    private const string Parquet = ".parquet";

    private static readonly char[] s_separators = [.. "-_. 0123456789"];

    private static readonly Dictionary<string, PublishedPart> s_words = new(StringComparer.OrdinalIgnoreCase)
    {
        ["train"] = PublishedPart.Train, ["training"] = PublishedPart.Train,
        ["validation"] = PublishedPart.Validation, ["valid"] = PublishedPart.Validation,
        ["val"] = PublishedPart.Validation, ["dev"] = PublishedPart.Validation,
        ["test"] = PublishedPart.Test, ["testing"] = PublishedPart.Test,
        ["eval"] = PublishedPart.Test, ["evaluation"] = PublishedPart.Test,
    };

    /// <summary>
    /// The parts of files; all null if none is held out: a single folder <c>train</c> may well hold images of trains.
    /// </summary>
    /// <param name="names">Paths relative to the data set's folder, with slashes.</param>
    public static PublishedPart?[] FromNames(IEnumerable<string> names)
    {
        PublishedPart?[] parts = [.. names.Select(FromName)];
        return Array.Exists(parts, p => p is PublishedPart.Validation or PublishedPart.Test) ? parts : new PublishedPart?[parts.Length];
    }

    private static PublishedPart? FromName(string name)
    {
        string[] path = name.Split('/');
        foreach (string folder in path[..^1])
            if (s_words.TryGetValue(folder.TrimEnd(s_separators), out PublishedPart part)) return part;
        // An image may be named for its content; a table is named for its part.
        if (!name.EndsWith(Parquet, StringComparison.OrdinalIgnoreCase)) return null;
        PublishedPart[] named =
            [.. path[^1][..^Parquet.Length].Split(s_separators).Where(s_words.ContainsKey).Select(word => s_words[word]).Distinct()];
        return named is [var only] ? only : null;
    }
}
