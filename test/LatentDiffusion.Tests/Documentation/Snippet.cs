using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>A program of a page: one block of C#, or several of which each continues the one before it.</summary>
internal sealed class Snippet
{
    private const string Continues = "continues", Compiles = "compiles", With = "with", RunsWith = "runs with", Excerpt = "excerpt";

    private const string Arrow = " → ";

    private readonly List<FencedBlock> _blocks;

    private Snippet(FencedBlock first) => _blocks = [first];

    /// <summary>Where its first block is.</summary>
    public string Place => _blocks[0].Place;

    /// <summary>Whether it runs. Otherwise it is only compiled: it has no statements, or a marker gives the reason.</summary>
    public bool Runs => HasStatements && _blocks.All(block => block[Compiles] is null);

    /// <summary>Whether it has statements; otherwise it only declares types.</summary>
    public bool HasStatements => _blocks.Any(block => Parse(block.Code).Members.OfType<GlobalStatementSyntax>().Any());

    /// <summary>Files of the repository that are compiled with it, because its page refers to them.</summary>
    public IEnumerable<string> Files => _blocks.SelectMany(block => block.All(With));

    /// <summary>The texts in its code, some of which are names of files and folders.</summary>
    public IReadOnlyList<string> Texts =>
    [
        .. _blocks.SelectMany(block => CSharpSyntaxTree.ParseText(block.Code).GetRoot().DescendantTokens())
            .Where(token => token.IsKind(SyntaxKind.StringLiteralToken)).Select(token => token.ValueText).Distinct(),
    ];

    /// <summary>The programs of a page's blocks.</summary>
    public static IReadOnlyList<Snippet> Join(IEnumerable<FencedBlock> blocks)
    {
        List<Snippet> snippets = [];
        foreach (FencedBlock block in blocks.Where(block => block.Language == "csharp" && block[Excerpt] is null))
        {
            string[] known = [Continues, $"{Compiles}: ", $"{With}: ", $"{RunsWith}: "];
            foreach (string marker in block.Markers.Where(m => !known.Any(k => m.StartsWith(k, StringComparison.Ordinal))))
                throw new InvalidDataException($"{block.Place}: the marker '{marker}' is not known.");
            if (!block.Markers.Contains(Continues)) snippets.Add(new Snippet(block));
            else if (snippets.Count > 0) snippets[^1]._blocks.Add(block);
            else throw new InvalidDataException($"{block.Place} continues no block.");
        }

        return snippets;
    }

    /// <summary>The lines of excerpts that the files they name do not have, in their order.</summary>
    public static IEnumerable<string> WrongExcerpts(IEnumerable<FencedBlock> blocks)
    {
        foreach (FencedBlock block in blocks)
        {
            if (block[Excerpt] is not { } file) continue;
            string[] source = [.. File.ReadLines(Path.Combine(Repository.Root, file)).Select(line => line.Trim())];
            int next = 0;
            foreach (string line in block.Code.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0))
            {
                // An ellipsis leaves lines out, also the rest of a line.
                string kept = line.Split('…')[0].TrimEnd(' ', '{');
                int found = kept.Length == 0 ? next : Array.FindIndex(source, next, s => Matches(s, kept, line));
                if (found < 0) yield return $"{block.Place}: {file} does not have the line '{line}' after its line {next}.";
                else next = kept.Length == 0 ? found : found + 1;
            }
        }

        static bool Matches(string source, string kept, string line) => source == line || (line != kept && source == kept);
    }

    /// <summary>The program: using directives, statements and types of all blocks, with their places on the page.</summary>
    /// <param name="toRun">Whether with the small numbers that tests run it with.</param>
    public string ToProgram(bool toRun)
    {
        var parts = _blocks.Select(block => (Block: block, Unit: Parse(toRun ? WithSmallNumbers(block) : block.Code))).ToArray();
        IEnumerable<string> usings = parts.SelectMany(part => part.Unit.Usings.Select(u => (Text: Print(part.Block, u), Key: $"{u}")))
            .DistinctBy(u => u.Key).Select(u => u.Text);
        ILookup<bool, string> members = parts
            .SelectMany(part => part.Unit.Members.Select(m => (IsStatement: m is GlobalStatementSyntax, Text: Print(part.Block, m))))
            .ToLookup(m => m.IsStatement, m => m.Text);
        return string.Concat([.. usings, .. members[true], .. members[false]]);
    }

    private static CompilationUnitSyntax Parse(string code) =>
        CSharpSyntaxTree.ParseText(code, SnippetCompiler.Language).GetCompilationUnitRoot();

    private static string Print(FencedBlock block, SyntaxNode node)
    {
        int line = node.SyntaxTree.GetLineSpan(node.FullSpan).StartLinePosition.Line;
        return $"#line {block.Line + line} \"{block.Page}\"\n{node.ToFullString().TrimEnd()}\n";
    }

    private static string WithSmallNumbers(FencedBlock block)
    {
        if (block[RunsWith] is not { } changes) return block.Code;
        string code = block.Code;
        foreach (string[] change in changes.Split("; ").Select(change => change.Split(Arrow)))
        {
            if (change.Length != 2 || !code.Contains(change[0], StringComparison.Ordinal))
                throw new InvalidDataException($"{block.Place}: the block does not contain '{change[0]}', which its marker changes.");
            code = code.Replace(change[0], change[1], StringComparison.Ordinal);
        }

        return code;
    }
}
