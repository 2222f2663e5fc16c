using System.Text.RegularExpressions;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>The text of a page, without its blocks of code.</summary>
internal sealed partial class MarkdownPage
{
    private readonly string[] _lines;

    private MarkdownPage(string[] lines) => _lines = lines;

    /// <summary>Paragraphs and items of lists, each with its first line, from 1. Tables are not paragraphs.</summary>
    public IEnumerable<(int Line, string Text)> Paragraphs
    {
        get
        {
            (int Line, string Text) paragraph = (0, "");
            foreach ((int index, string line) in _lines.Index())
            {
                bool isItem = Item().IsMatch(line);
                if (paragraph.Text.Length > 0 && (isItem || line.Length == 0 || line[0] is '|' or '#'))
                {
                    yield return paragraph;
                    paragraph = (0, "");
                }

                if (line.Length == 0 || line[0] is '|' or '#') continue;
                paragraph = paragraph.Text.Length == 0 ? (index + 1, line.Trim()) : (paragraph.Line, $"{paragraph.Text} {line.Trim()}");
            }

            if (paragraph.Text.Length > 0) yield return paragraph;
        }
    }

    /// <summary>Targets of links and images, with their lines.</summary>
    public IEnumerable<(int Line, string Target)> Links =>
        from line in _lines.Index()
        from Match match in Link().Matches(Code().Replace(line.Item, ""))
        select (line.Index + 1, match.Groups[1].Value);

    /// <summary>What links to headings end in.</summary>
    public IReadOnlySet<string> Anchors =>
        _lines.Where(line => line.StartsWith('#')).Select(line => Anchor(line.TrimStart('#', ' '))).ToHashSet();

    /// <summary>Reads a page; lines of code are empty.</summary>
    /// <param name="page">Path of the page, from the root of the repository.</param>
    public static MarkdownPage Read(string page)
    {
        string[] lines = File.ReadAllLines(Path.Combine(Repository.Root, page));
        bool isCode = false;
        for (int i = 0; i < lines.Length; i++)
        {
            bool isFence = lines[i].StartsWith("```", StringComparison.Ordinal);
            if (isFence) isCode = !isCode;
            if (isFence || isCode) lines[i] = "";
        }

        return new MarkdownPage(lines);
    }

    /// <summary>The anchor of a heading, as GitHub makes it.</summary>
    public static string Anchor(string heading) => Punctuation().Replace(heading.ToLowerInvariant(), "").Replace(' ', '-');

    [GeneratedRegex(@"^\s*([-*]|\d+\.) ")]
    private static partial Regex Item();

    [GeneratedRegex(@"\]\(([^()\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex("`[^`]*`")]
    private static partial Regex Code();

    [GeneratedRegex(@"[^\p{L}\p{Nd}\p{M} _-]")]
    private static partial Regex Punctuation();
}
