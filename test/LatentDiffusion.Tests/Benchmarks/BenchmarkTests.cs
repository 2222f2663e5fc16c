using System.Diagnostics;
using Xunit;

namespace LatentDiffusion.Tests.Benchmarks;

/// <summary>The benchmarks as their user starts them.</summary>
[Trait(TestCategories.Name, TestCategories.Program)]
public sealed class BenchmarkTests
{
    [Theory]
    [InlineData(2, "'abc'", "soak", "--generations", "abc")]
    [InlineData(2, "--generations is 50; it must be at least 51", "soak", "--generations", "50")]
    [InlineData(2, "--at-once is 0; it must be at least 1", "soak", "--at-once", "0")]
    [InlineData(2, "--side is 100; it must be a multiple of 32", "decoding", "--side", "100")]
    [InlineData(2, "Overlap must be between 0 and 0.5", "decoding", "--overlap", "2")]
    [InlineData(2, "StatisticsPasses must be between 0 and 100", "decoding", "--passes", "1", "-1")]
    [InlineData(2, "'x'", "decoding", "--passes", "x")]
    [InlineData(1, "nowhere.txt", "golden", "check", "nowhere.txt")]
    public void Wrong_options_get_one_line(int expected, string message, params string[] arguments)
    {
        (int exitCode, _, string error) = Run(arguments);
        Assert.Equal(expected, exitCode);
        Assert.Contains(message, Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_cannot_be_written_gets_one_line()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["file"], "");
        (int exitCode, _, string error) = Run("load", "--out", folder["file"]);
        Assert.Equal(1, exitCode);
        Assert.Contains(folder["file"], Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public void Decoding_passes_only_where_the_default_was_judged()
    {
        (int exitCode, string output, string error) = Run("decoding", "--side", "128", "--tile", "64", "--passes", "0");
        Assert.True(exitCode == 1, output + error);
        Assert.Contains("The default, 1 passes, was not measured", output, StringComparison.Ordinal);
        Assert.Empty(error);

        // So small an image may miss the bound of memory: output and exit code must agree.
        (exitCode, output, error) = Run("decoding", "--side", "128", "--tile", "64", "--passes", "1");
        Assert.Empty(error);
        Assert.Equal(
            exitCode,
            output.Contains("the default: kept", StringComparison.Ordinal)
                ? 0
                : output.Contains("the default: MISSED", StringComparison.Ordinal)
                    ? 1
                    : -1);
    }

    [Fact]
    public void A_golden_check_names_what_differs()
    {
        using var folder = new TemporaryFolder();
        string path = folder["golden.txt"];
        Assert.Equal(0, Run("golden", "record", path, "--only", "sd1/default").ExitCode);
        Assert.Equal(0, Run("golden", "check", path, "--only", "sd1/default").ExitCode);

        string[] lines = File.ReadAllLines(path);
        Assert.Equal(["sd1/default/latents", "sd1/default/pixels"], lines.Select(l => l[66..]));
        File.WriteAllLines(path, [new string('0', 64) + lines[0][64..], lines[1]]);
        (int exitCode, string output, _) = Run("golden", "check", path, "--only", "sd1/default");
        Assert.Equal(1, exitCode);
        Assert.StartsWith("sd1/default/latents: differs", output, StringComparison.Ordinal);
        Assert.DoesNotContain("sd1/default/pixels", output, StringComparison.Ordinal);
    }

    private static (int ExitCode, string Output, string Error) Run(params string[] arguments)
    {
        using Process process = Process.Start(
            new ProcessStartInfo("dotnet", [BuildSettings.Benchmarks, .. arguments])
            {
                RedirectStandardOutput = true, RedirectStandardError = true
            })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return (process.ExitCode, output.Result, error.Result);
    }
}
