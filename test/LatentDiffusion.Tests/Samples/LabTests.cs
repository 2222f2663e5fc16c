using System.Text.RegularExpressions;
using LatentDiffusion.Tests.Documentation;
using LatentDiffusion.Tests.Pipelines;
using Xunit;

namespace LatentDiffusion.Tests.Samples;

/// <summary>The sample as a user starts it, with next to no time and a tiny model.</summary>
[Trait(TestCategories.Name, TestCategories.Program)]
public sealed partial class LabTests(TinyModel model, SnippetCompiler compiler) : IClassFixture<TinyModel>, IClassFixture<SnippetCompiler>
{
    [Fact]
    public void A_report_with_all_sections_and_images_is_written()
    {
        using var folder = new TemporaryFolder();
        string[] arguments = ["--model", model.Folder, "--minutes", "0.01", "--size", "16", "--threads", "1", "--out", folder["report"]];
        (int exitCode, string output, string error) = Run(arguments);
        Assert.True(exitCode == 0, error);
        string path = Path.Combine(folder["report"], "report.html"), page = File.ReadAllText(path);
        Assert.Equal(path, output.TrimEnd());
        Assert.Equal(
            ["forward", "posterior", "training", "test", "prompts", "improvements"],
            Section().Matches(page).Select(match => match.Groups[1].Value));
        string[] images = [.. Reference().Matches(page).Select(match => match.Groups[1].Value)];
        Assert.All(images, image => Assert.Equal((byte)'P', File.ReadAllBytes(Path.Combine(folder["report"], image))[1]));
        Assert.Equal(
            images.Order(StringComparer.Ordinal),
            Directory.GetFiles(Path.Combine(folder["report"], "images")).Select(f => $"images/{Path.GetFileName(f)}")
                .Order(StringComparer.Ordinal));
        Assert.DoesNotContain("://", page, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(folder["report"], "model", "model_index.json")));
        Assert.Single(Directory.GetFileSystemEntries(folder[""]));
    }

    [Theory]
    [InlineData(2, "Unrecognized command or argument '--frobnicate'", "--frobnicate")]
    [InlineData(2, "--minutes is 0; expected more than 0", "--minutes", "0")]
    [InlineData(2, "--minutes is '1,5'; expected a number", "--minutes", "1,5")]
    [InlineData(2, "--size is 40; expected a multiple of 16", "--size", "40")]
    [InlineData(2, "--threads is 0; expected at least 1", "--threads", "0")]
    [InlineData(2, "is not a model folder", "--model", "nowhere")]
    public void Wrong_options_get_one_line(int expected, string message, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        (int exitCode, _, string error) = Run([.. arguments, "--out", folder["report"]]);
        Assert.Equal(expected, exitCode);
        Assert.Contains(message, Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(folder[""]));
    }

    [Fact]
    public void A_folder_with_other_files_is_refused()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["thesis.txt"], "not a report");
        (int exitCode, _, string error) = Run("--out", folder[""]);
        Assert.Equal(1, exitCode);
        Assert.Contains("has files of other programs", Assert.Single(error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.Equal("not a report", File.ReadAllText(folder["thesis.txt"]));
    }

    [Fact]
    public void The_file_based_application_compiles()
    {
        using var folder = new TemporaryFolder();
        const string File = "samples/lab.cs";
        string[] lines = System.IO.File.ReadAllLines(Path.Combine(Repository.Root, File));
        // The compiler of the tests does not know the directives of file-based applications.
        string code = string.Join('\n', lines.Select(line => line.StartsWith('#') ? "" : line));
        Snippet snippet = Assert.Single(Snippet.Join([new FencedBlock(File, 1, "csharp", code, [])]));
        Assert.Empty(compiler.Compile(snippet, folder["lab.dll"]));
        string project = Assert.Single(lines, line => line.StartsWith("#:project ", StringComparison.Ordinal)).Split(' ')[1];
        Assert.True(System.IO.File.Exists(Path.Combine(Repository.Root, "samples", project)), project);
    }

    private static (int ExitCode, string Output, string Error) Run(params string[] arguments) =>
        SampleProgram.Run("Lab", arguments);

    [GeneratedRegex("<section id=\"([^\"]*)\"")]
    private static partial Regex Section();

    [GeneratedRegex("(?:src|srcset)=\"([^\"]*)\"")]
    private static partial Regex Reference();
}
