using System.Diagnostics;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.Studio;

/// <summary>Exit codes of the program <c>samples/Studio</c>.</summary>
[Trait(TestCategories.Name, TestCategories.Program)]
public sealed class StudioProgramTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("studio-program-");

    [Fact]
    public async Task Wrong_usage_is_one_line_and_exit_code_2()
    {
        using Process studio = Start("--storage", "nonsense");
        string errors = await studio.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await studio.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, studio.ExitCode);
        Assert.Contains("nonsense", Assert.Single(errors.TrimEnd().Split('\n')));
    }

    [Fact]
    public async Task An_unknown_entry_of_the_settings_is_one_line_and_exit_code_2()
    {
        await File.WriteAllTextAsync(
            Path.Combine(_folder.FullName, "settings.json"), """{ "Server": { "RequestsPerMinutes": 60 } }""",
            TestContext.Current.CancellationToken);
        using Process studio = Start("--data", _folder.FullName, "--urls", "http://127.0.0.1:0");
        string errors = await studio.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await studio.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(2, studio.ExitCode);
        Assert.Contains("RequestsPerMinutes", Assert.Single(errors.TrimEnd().Split('\n')));
    }

    [Fact]
    public async Task An_interruption_while_the_models_load_is_exit_code_130()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Windows has no signals.");
        using Process studio = Start("--data", _folder.FullName, "--urls", "http://127.0.0.1:0");
        // The server listens before its models are loaded.
        string? greeting = await studio.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken);
        Assert.StartsWith("LatentDiffusion Studio listens at http://127.0.0.1:", greeting);
        using Process kill = Process.Start("kill", ["-INT", $"{studio.Id}"]);
        Task<string> errors = studio.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await studio.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(130, studio.ExitCode);
        Assert.DoesNotContain("   at ", await errors);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Studio.dll"), .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        return Process.Start(start)!;
    }
}
