using System.Xml.Linq;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>Examples in documentation comments: an element <c>example</c>, with the code of a complete program in <c>code</c>.</summary>
internal static class XmlExample
{
    private const string Comment = "///", Start = "<example>", End = "</example>", CodeStart = "<code>";

    /// <summary>The examples of a source file, as blocks of C#.</summary>
    /// <param name="file">Path of the file, from the root of the repository.</param>
    public static IReadOnlyList<FencedBlock> Read(string file) =>
        Read(file, File.ReadAllLines(Path.Combine(Repository.Root, file)));

    /// <summary>The examples of a source.</summary>
    /// <param name="file">Its name.</param>
    /// <param name="lines">Its lines.</param>
    public static IReadOnlyList<FencedBlock> Read(string file, string[] lines)
    {
        List<FencedBlock> blocks = [];
        string?[] comments = [.. lines.Select(CommentOf)];
        for (int i = Array.IndexOf(comments, Start); i >= 0; i = Array.IndexOf(comments, Start, i + 1))
        {
            int end = Array.IndexOf(comments, End, i);
            if (end < 0) throw new InvalidDataException($"{file}:{i + 1}: the example has no end.");
            int code = Array.FindIndex(comments, i, end - i, line => line!.StartsWith(CodeStart, StringComparison.Ordinal));
            if (code < 0) throw new InvalidDataException($"{file}:{i + 1}: the example has no code.");
            XElement example = XElement.Parse(string.Join('\n', comments[i..(end + 1)]), LoadOptions.PreserveWhitespace);
            // The code begins on the line after its element.
            string text = example.Element("code")!.Value[1..];
            blocks.Add(new FencedBlock(file, code + 2, "csharp", text, []));
        }

        return blocks;
    }

    private static string? CommentOf(string line)
    {
        string trimmed = line.Trim();
        if (!trimmed.StartsWith(Comment, StringComparison.Ordinal)) return null;
        string text = trimmed[Comment.Length..];
        return text.StartsWith(' ') ? text[1..] : text;
    }
}
