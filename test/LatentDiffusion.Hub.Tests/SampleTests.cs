using System.Diagnostics;
using Xunit;

namespace LatentDiffusion.Hub.Tests;

[Trait(TestCategories.Name, TestCategories.Program)]
public sealed class SampleTests : IDisposable
{
    private readonly TestHub _test = new();

    [Fact]
    public async Task The_sample_downloads_a_published_model_and_draws()
    {
        DrawingsRepository.AddTo(_test.Server, "organisation/name", withOthers: false);
        string image = Path.Combine(_test.Cache, "bird.png");
        (int exitCode, string output) = await RunAsync(
            "a blue bird", "--model", "organisation/name", "--revision", "main", "--steps", "1", "--seed", "7", "--out", image);
        Assert.True(exitCode == 0, output);
        Assert.True(Directory.Exists(Path.Combine(_test.Cache, "models--organisation--name", "snapshots", HostileServer.Commit)));
        byte[] png = File.ReadAllBytes(image);
        Assert.Equal("organisation/name", PngText.Read(png)["model"]);
    }

    [Fact]
    public async Task A_model_that_does_not_exist_is_one_line()
    {
        (int exitCode, string output) = await RunAsync("a bird", "--model", "organisation/other");
        Assert.Equal(1, exitCode);
        Assert.Contains("has no repository 'organisation/other'", output, StringComparison.Ordinal);
        (exitCode, output) = await RunAsync("a bird", "--model", DrawingsRepository.Folder, "--revision", "main");
        Assert.Equal(2, exitCode);
        Assert.Contains("--revision is for published models", output, StringComparison.Ordinal);
    }

    public void Dispose() => _test.Dispose();

    private async Task<(int ExitCode, string Output)> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [BuildSettings.Sample, .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["HF_ENDPOINT"] = _test.Server.Endpoint.AbsoluteUri;
        start.Environment["HF_HUB_CACHE"] = _test.Cache;
        start.Environment["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1";
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync() + await error;
        await process.WaitForExitAsync();
        return (process.ExitCode, output);
    }
}
