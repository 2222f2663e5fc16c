namespace LatentDiffusion.Judge;

/// <summary>
/// A page with handwritten text and generated figures: the text between a line <c>&lt;!-- name --&gt;</c> and the next line
/// <c>&lt;!-- end --&gt;</c> is replaced.
/// </summary>
internal static class GeneratedPage
{
    private const string End = "<!-- end -->";

    /// <exception cref="InvalidDataException">The page does not have these lines.</exception>
    public static void Replace(string path, string name, string content)
    {
        string page = File.ReadAllText(path), start = $"<!-- {name} -->";
        int from = page.IndexOf(start, StringComparison.Ordinal), to = from < 0 ? -1 : page.IndexOf(End, from, StringComparison.Ordinal);
        if (to < 0)
            throw new InvalidDataException($"'{path}' has no place for '{name}'; expected a line '{start}' and after it one '{End}'.");
        AtomicFile.Write(path, $"{page[..(from + start.Length)]}\n{content.Trim('\n')}\n{page[to..]}");
    }
}
