using System.Text.RegularExpressions;
using Xunit;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>
/// Every block of C# on every page compiles without a warning, as a reader pastes it into a new console project, and runs.
/// <list type="bullet">
/// <item>A page is found by its place: README.md, docs/*.md, samples/README.md, src/*/README.md.</item>
/// <item>
/// Each runs in a folder with what <see cref="StandIns"/> has for the names in its texts: add new names there.
/// </item>
/// <item>
/// Comments in the lines directly above a block change what happens: <c>continues</c> (joined to the block before it),
/// <c>compiles: REASON</c> (not run), <c>with: FILE</c> (compiled with a file of the repository), <c>runs with: A → B; C → D</c>
/// (compiled as it stands, and run with smaller numbers), <c>excerpt: FILE</c> (its lines are those of a file of the repository).
/// </item>
/// <item>A block of JSON below <c>file: NAME</c> is written to the folders of all blocks of its page.</item>
/// </list>
/// </summary>
[Trait(TestCategories.Name, TestCategories.Program)]
public sealed partial class SnippetTests(SnippetCompiler compiler, StandIns standIns, ITestOutputHelper output)
    : IClassFixture<SnippetCompiler>, IClassFixture<StandIns>, IDisposable
{
    /// <summary>Pages whose blocks are not yet complete. The list only shrinks.</summary>
    private static readonly string[] s_unfinished = [];

    private const string File = "file";

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Pages =>
        [.. Repository.Pages.Except(s_unfinished).Where(page => FencedBlock.Read(page).Any(block => block.Language == "csharp"))];

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Pages))]
    public void Snippets_compile_and_run(string page)
    {
        IReadOnlyList<FencedBlock> blocks = FencedBlock.Read(page);
        FencedBlock[] files = [.. blocks.Where(block => block[File] is not null)];
        string[] textsOfFiles = [.. files.SelectMany(file => Text().Matches(file.Code)).Select(match => match.Groups[1].Value)];
        List<string> wrong = [.. Snippet.WrongExcerpts(blocks)];
        List<(Snippet Snippet, string Assembly, string Folder)> runs = [];
        foreach ((int index, Snippet snippet) in Snippet.Join(blocks).Index())
        {
            string assembly = _folder[$"Snippet{index}.dll"], folder = _folder[$"{index}"];
            IReadOnlyList<string> messages = compiler.Compile(snippet, assembly);
            wrong.AddRange(messages);
            if (messages.Count > 0 || !snippet.Runs) continue;
            Directory.CreateDirectory(folder);
            standIns.Write([.. snippet.Texts, .. textsOfFiles], folder, _folder["hub"]);
            foreach (FencedBlock file in files) System.IO.File.WriteAllText(Path.Combine(folder, file[File]!), file.Code);
            runs.Add((snippet, assembly, folder));
        }

        var results = SnippetProcess.Run([.. runs.Select(run => (run.Assembly, run.Folder))], _folder["hub"]);
        foreach (((Snippet snippet, _, _), (TimeSpan time, string? error)) in runs.Zip(results))
        {
            output.WriteLine($"{snippet.Place} ran for {time.TotalSeconds:F1} s.");
            if (error is not null) wrong.Add($"{snippet.Place}: {error}");
        }

        Assert.True(wrong.Count == 0, $"\n{string.Join('\n', wrong)}");
    }

    [GeneratedRegex("\"([^\"]*)\"")]
    private static partial Regex Text();
}
