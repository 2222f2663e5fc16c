using System.Diagnostics;
using System.Globalization;

namespace LatentDiffusion.Tests.Documentation;

/// <summary>Runs the compiled snippets of a page in one process.</summary>
internal static class SnippetProcess
{
    // Ends a process that hangs. No test depends on it.
    private static readonly TimeSpan s_hang = TimeSpan.FromMinutes(10);

    /// <summary>Runs snippets in their order.</summary>
    /// <param name="snippets">Paths of the assemblies, and the folder that each runs in.</param>
    /// <param name="hub">Folder of the cache in which the process finds published models.</param>
    /// <returns>For each, how long it took and what it threw; null if it ended as it should.</returns>
    public static IReadOnlyList<(TimeSpan Time, string? Error)> Run(IReadOnlyList<(string Assembly, string Folder)> snippets, string hub)
    {
        var start = new ProcessStartInfo("dotnet", [BuildSettings.Snippets, .. snippets.SelectMany(s => new[] { s.Assembly, s.Folder })])
        {
            RedirectStandardError = true, RedirectStandardOutput = true,
            Environment = { ["HF_HUB_CACHE"] = hub, ["HF_HUB_OFFLINE"] = "1", ["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1" },
        };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync(), output = process.StandardOutput.ReadToEndAsync();
        if (!process.WaitForExit(s_hang)) process.Kill();
        Task.WaitAll(error, output);
        return [.. snippets.Select(snippet => Result(snippet.Assembly + ".result", error.Result))];
    }

    private static (TimeSpan Time, string? Error) Result(string path, string error)
    {
        if (!File.Exists(path)) return (TimeSpan.Zero, $"The process ended before the snippet did. {error}");
        string[] parts = File.ReadAllText(path).Split('\n', 2);
        double milliseconds = double.Parse(parts[0], CultureInfo.InvariantCulture);
        return (TimeSpan.FromMilliseconds(milliseconds), parts[1].Length == 0 ? null : parts[1]);
    }
}
