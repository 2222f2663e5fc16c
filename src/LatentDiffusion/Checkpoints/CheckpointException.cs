namespace LatentDiffusion.Checkpoints;

/// <summary>A checkpoint file cannot be read, or does not match the network it is loaded into.</summary>
/// <remarks>The message has at most 1,000 characters. The lists contain all names.</remarks>
public sealed class CheckpointException : Exception
{
    /// <summary>Maximum characters of each list of names in a message; three lists fit.</summary>
    private const int LongestList = 250;

    /// <summary>Creates an exception for a file with invalid content.</summary>
    /// <param name="file">Path of the file.</param>
    /// <param name="problem">The problem, and a remedy if there is one.</param>
    /// <param name="innerException">The cause; null for none.</param>
    public CheckpointException(string file, string problem, Exception? innerException = null)
        : base(MessageText.Truncate($"{file}: {problem}"), innerException) => File = file;

    /// <summary>Creates an exception for a file that does not match a network.</summary>
    /// <param name="file">Path of the file.</param>
    /// <param name="missing">Names that are in the network but not in the file.</param>
    /// <param name="unexpected">Names that are in the file but not in the network.</param>
    /// <param name="misshaped">Names with both shapes, for example <c>conv.weight: [4, 3] in the file, [4, 4] in the network</c>.</param>
    public CheckpointException(
        string file,
        IReadOnlyList<string> missing,
        IReadOnlyList<string> unexpected,
        IReadOnlyList<string> misshaped)
        : base(Describe(file, missing, unexpected, misshaped))
    {
        File = file;
        Missing = missing;
        Unexpected = unexpected;
        Misshaped = misshaped;
    }

    /// <summary>Path of the file.</summary>
    public string File { get; }

    /// <summary>Names that are in the network but not in the file.</summary>
    public IReadOnlyList<string> Missing { get; } = [];

    /// <summary>Names that are in the file but not in the network.</summary>
    public IReadOnlyList<string> Unexpected { get; } = [];

    /// <summary>Names whose shapes differ, each followed by both shapes.</summary>
    public IReadOnlyList<string> Misshaped { get; } = [];

    private static string Describe(
        string file,
        IReadOnlyList<string> missing,
        IReadOnlyList<string> unexpected,
        IReadOnlyList<string> misshaped)
    {
        ArgumentNullException.ThrowIfNull(missing);
        ArgumentNullException.ThrowIfNull(unexpected);
        ArgumentNullException.ThrowIfNull(misshaped);
        string[] parts =
        [
            .. Part("missing", missing, ", "),
            .. Part("unexpected", unexpected, ", "),
            .. Part("of another shape", misshaped, "; "),
        ];
        return MessageText.Truncate($"{file} does not fit the network. {string.Join(' ', parts)} Nothing was loaded.");

        static IEnumerable<string> Part(string what, IReadOnlyList<string> names, string separator) =>
            names.Count == 0 ? [] : [$"{names.Count} {what}: {MessageText.List(names, separator, LongestList)}."];
    }

    /// <summary>A file whose reader found an error. The reader's exception is not kept: it would repeat the text in full length.</summary>
    internal static CheckpointException FromFormatException(string file, FormatException found) =>
        new(file, found.Message, found.InnerException);
}
