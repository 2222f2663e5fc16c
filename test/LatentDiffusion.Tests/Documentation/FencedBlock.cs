namespace LatentDiffusion.Tests.Documentation;

/// <summary>A block of code on a page.</summary>
/// <param name="Page">Path of the page, from the root of the repository.</param>
/// <param name="Line">Line of its first line of code, from 1.</param>
/// <param name="Language">Language after the fence; empty if there is none.</param>
/// <param name="Code">The code, each line with a line feed.</param>
/// <param name="Markers">The comments in the lines directly above it, which rendered pages do not show.</param>
internal sealed record FencedBlock(string Page, int Line, string Language, string Code, IReadOnlyList<string> Markers)
{
    private const string Fence = "```", CommentStart = "<!--", CommentEnd = "-->";

    /// <summary>Where it is, for messages.</summary>
    public string Place => $"{Page}:{Line}";

    /// <summary>The text after a marker's name and colon; null without the marker.</summary>
    public string? this[string marker] => All(marker).FirstOrDefault();

    /// <summary>The texts of all markers of a name.</summary>
    public IEnumerable<string> All(string marker) =>
        Markers.Where(m => m.StartsWith($"{marker}: ", StringComparison.Ordinal)).Select(m => m[(marker.Length + 2)..]);

    /// <summary>The blocks of a page.</summary>
    /// <param name="page">Path of the page, from the root of the repository.</param>
    public static IReadOnlyList<FencedBlock> Read(string page)
    {
        string[] lines = File.ReadAllLines(Path.Combine(Repository.Root, page));
        List<FencedBlock> blocks = [];
        for (int i = 0; i < lines.Length; i++)
        {
            if (!lines[i].StartsWith(Fence, StringComparison.Ordinal)) continue;
            int first = i + 1, end = Array.IndexOf(lines, Fence, first);
            if (end < 0) throw new InvalidDataException($"{page}:{first}: the block has no end.");
            string code = string.Concat(lines[first..end].Select(line => $"{line}\n"));
            blocks.Add(new FencedBlock(page, first + 1, lines[i][Fence.Length..].Trim(), code, ReadMarkers(lines, i)));
            i = end;
        }

        return blocks;
    }

    private static string[] ReadMarkers(string[] lines, int fence) =>
    [
        .. lines[..fence].Reverse().TakeWhile(IsComment).Reverse().Select(line => line[CommentStart.Length..^CommentEnd.Length].Trim()),
    ];

    private static bool IsComment(string line) =>
        line.StartsWith(CommentStart, StringComparison.Ordinal) && line.EndsWith(CommentEnd, StringComparison.Ordinal);
}
