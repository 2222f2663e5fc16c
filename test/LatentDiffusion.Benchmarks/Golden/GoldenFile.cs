namespace LatentDiffusion.Benchmarks;

/// <summary>A text file of one hash and one name per line, ordered by name.</summary>
internal static class GoldenFile
{
    private const string Separator = "  ";

    public static void Write(string path, IReadOnlyDictionary<string, string> hashes) =>
        File.WriteAllLines(path, hashes.OrderBy(h => h.Key, StringComparer.Ordinal).Select(h => $"{h.Value}{Separator}{h.Key}"));

    /// <exception cref="InvalidDataException">A line is not a hash and a name.</exception>
    public static Dictionary<string, string> Read(string path)
    {
        var hashes = new Dictionary<string, string>();
        foreach (string line in File.ReadLines(path))
        {
            if (line.Split(Separator, 2) is not [{ Length: 64 } hash, { Length: > 0 } name])
                throw new InvalidDataException($"'{path}' is not a golden file: '{line}' is not a hash and a name.");
            hashes.Add(name, hash);
        }

        return hashes;
    }

    /// <summary>One line for each name whose hashes differ or that only one side has; empty if both sides are equal.</summary>
    public static IReadOnlyList<string> Differences(Dictionary<string, string> recorded, Dictionary<string, string> computed)
    {
        var differences = new List<string>();
        foreach (string name in recorded.Keys.Union(computed.Keys).Order(StringComparer.Ordinal))
        {
            if (!recorded.TryGetValue(name, out string? before)) differences.Add($"{name}: not in the file");
            else if (!computed.TryGetValue(name, out string? now)) differences.Add($"{name}: not computed");
            else if (before != now) differences.Add($"{name}: differs");
        }

        return differences;
    }
}
