namespace LatentDiffusion.Data;

/// <summary>
/// The parts that a data set was published in, by Hugging Face's names: folders (<c>train/</c>, <c>test/</c>) and Parquet
/// files (<c>train-00000-of-00002.parquet</c>, <c>test/0000.parquet</c>).
/// </summary>
internal static class PublishedParts
{
    private const string Parquet = ".parquet";

    private static readonly Dictionary<string, PublishedPart> s_words = new(StringComparer.OrdinalIgnoreCase)
    {
        ["train"] = PublishedPart.Train, ["training"] = PublishedPart.Train,
        ["validation"] = PublishedPart.Validation, ["valid"] = PublishedPart.Validation, ["val"] = PublishedPart.Validation, ["dev"] = PublishedPart.Validation,
        ["test"] = PublishedPart.Test, ["testing"] = PublishedPart.Test, ["eval"] = PublishedPart.Test, ["evaluation"] = PublishedPart.Test,
    };

    /// <summary>The parts of files; all null where no file is of a part that is held out: one folder <c>train</c> may well hold images of trains.</summary>
    /// <param name="names">Paths below the data set's folder, with slashes.</param>
    public static PublishedPart?[] Of(IEnumerable<string> names)
    {
        PublishedPart?[] parts = [.. names.Select(Of)];
        return Array.Exists(parts, p => p is PublishedPart.Validation or PublishedPart.Test) ? parts : new PublishedPart?[parts.Length];
    }

    private static PublishedPart? Of(string name)
    {
        string[] path = name.Split('/');
        foreach (string folder in path[..^1])
            if (s_words.TryGetValue(folder, out PublishedPart part)) return part;
        // An image may be named for what it shows; a table is named for its part.
        if (!name.EndsWith(Parquet, StringComparison.OrdinalIgnoreCase)) return null;
        string word = path[^1][..^Parquet.Length].Split('-', '.', '_')[0];
        return s_words.TryGetValue(word, out PublishedPart named) ? named : null;
    }
}
