using Xunit;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>What is wrong on a page is found, with its place.</summary>
public sealed class SnippetRuleTests(SnippetCompiler compiler) : IClassFixture<SnippetCompiler>, IDisposable
{
    private const string Scheduler = "samples/CustomScheduler/LogSnrScheduler/LogSnrScheduler.cs";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Errors_and_warnings_name_the_line_of_the_page()
    {
        Assert.Equal(
            ["docs/page.md:11: CS0103: The name 'pipeline' does not exist in the current context"],
            Compile(Block("using LatentDiffusion;\npipeline.Dispose();\n")));
        Assert.StartsWith("docs/page.md:10: CS0219", Assert.Single(Compile(Block("int unused = 1;\n"))), StringComparison.Ordinal);
        Assert.StartsWith("docs/page.md:10: CS1002", Assert.Single(Compile(Block("Console.WriteLine()\n"))), StringComparison.Ordinal);
    }

    [Fact]
    public void Snippets_see_neither_internal_types_nor_the_usings_of_the_project()
    {
        Assert.Single(Compile(Block("GenerationRequest request = new() { Prompt = \"a\" };\nConsole.WriteLine(request);\n")));
        Assert.Contains("CS0122", Assert.Single(Compile(Block("using LatentDiffusion;\nConsole.WriteLine(typeof(RequestValidator));\n"))));
    }

    [Fact]
    public void A_block_continues_the_one_before_it()
    {
        FencedBlock first = Block("using System.Text;\nvar text = new StringBuilder(\"a\");\n\nrecord Pair(int A);\n");
        FencedBlock second = Block("using System.Text;\n\ntext.Append(new Pair(1).A);\nNone();\n", "continues") with { Line = 30 };
        Snippet snippet = Assert.Single(Snippet.Join([first, second]));
        Assert.StartsWith("docs/page.md:33: CS0103", Assert.Single(compiler.Compile(snippet, _folder["a.dll"])), StringComparison.Ordinal);
        Assert.Contains("continues no block", Refused(second));
    }

    [Fact]
    public void Blocks_run_unless_a_marker_says_why_not()
    {
        Assert.True(Snippet.Join([Block("Console.WriteLine();\n")])[0].Runs);
        Assert.False(Snippet.Join([Block("Console.WriteLine();\n", "compiles: needs a GPU")])[0].Runs);
        Assert.False(Snippet.Join([Block("class A;\n")])[0].Runs);
        Assert.Contains("'skips' is not known", Refused(Block("", "skips")));
    }

    [Fact]
    public void Small_numbers_replace_those_of_the_page()
    {
        Snippet snippet = Snippet.Join([Block("int steps = 2000;\nConsole.WriteLine(steps);\n", "runs with: steps = 2000 → steps = 2")])[0];
        Assert.Contains("steps = 2000", snippet.ToProgram(toRun: false), StringComparison.Ordinal);
        Assert.Contains("steps = 2;", snippet.ToProgram(toRun: true), StringComparison.Ordinal);
        FencedBlock wrong = Block("int steps = 20;\n", "runs with: 2000 → 2");
        Assert.Throws<InvalidDataException>(() => Snippet.Join([wrong])[0].ToProgram(toRun: true));
    }

    [Fact]
    public void Excerpts_have_the_lines_of_their_file_in_order()
    {
        const string First = "using static TorchSharp.torch;\n", Second = "public int TrainingTimesteps => alphaBars.Count;\n";
        Assert.Empty(Snippet.WrongExcerpts([Block($"{First}…\n{Second}", $"excerpt: {Scheduler}")]));
        Assert.Single(Snippet.WrongExcerpts([Block($"{Second}{First}", $"excerpt: {Scheduler}")]));
        Assert.Single(Snippet.WrongExcerpts([Block($"{First}int count;\n", $"excerpt: {Scheduler}")]));
    }

    private static FencedBlock Block(string code, params string[] markers) => new("docs/page.md", 10, "csharp", code, markers);

    private static string Refused(FencedBlock block) => Assert.Throws<InvalidDataException>(() => Snippet.Join([block])).Message;

    private IReadOnlyList<string> Compile(FencedBlock block) => compiler.Compile(Snippet.Join([block])[0], _folder["a.dll"]);
}
