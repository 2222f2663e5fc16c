namespace LatentDiffusion.Data;

/// <summary>Files that a data set leaves out, by reason, for one line of the log.</summary>
internal sealed class LeftOut
{
    private const int NamedInMessages = 5;

    private readonly SortedDictionary<string, List<string>> _names = new(StringComparer.Ordinal);

    /// <summary>Number of files and folders.</summary>
    public int Count => _names.Values.Sum(n => n.Count);

    /// <summary>Adds a file or folder.</summary>
    public void Add(string reason, string name)
    {
        if (!_names.TryGetValue(reason, out List<string>? names)) _names.Add(reason, names = []);
        names.Add(name);
    }

    /// <summary>For example <c>2 hidden (.a, .b); 1 not in the metadata (c.png)</c>.</summary>
    public override string ToString() => string.Join("; ", _names.Select(r => $"{r.Value.Count} {r.Key} ({Names(r.Value)})"));

    /// <summary>The first few names.</summary>
    public static string Names(IReadOnlyCollection<string> names) =>
        string.Join(", ", names.Take(NamedInMessages).Select(name => MessageText.Truncate(name, 100)))
        + (names.Count > NamedInMessages ? ", …" : "");
}
