using System.Diagnostics;
using Xunit;

namespace LatentDiffusion.Tests.Samples;

/// <summary>The samples of hosting and of components of one's own, as a user starts them.</summary>
[Trait(TestCategories.Name, TestCategories.Program)]
public sealed class HostingSamplesTests
{
    [Fact]
    public void The_hosted_service_draws_every_prompt_and_ends()
    {
        using var folder = new TemporaryFolder();
        (int exitCode, string output) = Run("HostedService", $"--Orders:Folder={folder["drawings"]}", "--LatentDiffusion:Steps=2");
        Assert.True(exitCode == 0, output);
        GenerationRequest[] made =
        [
            .. Directory.GetFiles(folder["drawings"])
                .Select(f => GenerationMetadata.ReadRequest(File.ReadAllBytes(f)))
        ];
        Assert.Equal(4, made.Length);
        Assert.Equal("a red dragon", GenerationMetadata.ReadRequest(File.ReadAllBytes(Path.Combine(folder["drawings"], "2.png"))).Prompt);
        Assert.All(made, r => Assert.Equal(2, r.Steps));
        Assert.Contains("Generated 1 images in", output, StringComparison.Ordinal);
        Assert.Contains("Order 2 is drawn", output, StringComparison.Ordinal);
        Assert.DoesNotContain("dragon", output, StringComparison.Ordinal);
    }

    [Fact]
    public void A_failed_hosted_service_says_so_and_leaves_nothing()
    {
        using var folder = new TemporaryFolder();
        (int exitCode, string output) = Run(
            "HostedService",
            $"--Orders:Folder={folder["drawings"]}",
            "--LatentDiffusion:TimeLimit=00:00:00.001");
        Assert.True(exitCode == 1, output);
        Assert.Contains(nameof(TimeoutException), output, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(folder["drawings"]));
    }

    [Fact]
    public void The_hosted_service_tells_of_a_wrong_setting_at_its_start()
    {
        using var folder = new TemporaryFolder();
        (int exitCode, string output) = Run("HostedService", $"--Orders:Folder={folder["drawings"]}", "--LatentDiffusion:Scheduler=nope");
        Assert.Equal(2, exitCode);
        Assert.StartsWith("LatentDiffusion (model 'default'): Scheduler is 'nope'", output, StringComparison.Ordinal);
        Assert.Single(output.TrimEnd().Split('\n'));
        Assert.False(Directory.Exists(folder["drawings"]));

        File.WriteAllText(folder["file"], "");
        (exitCode, output) = Run("HostedService", $"--Orders:Folder={folder["file"]}");
        Assert.Equal(2, exitCode);
        Assert.Contains("is a file", Assert.Single(output.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.8)]
    [InlineData(1.1)]
    public void The_hosted_service_that_is_stopped_shows_no_stack_trace(double seconds)
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Windows has no signals.");
        using var folder = new TemporaryFolder();
        // Some of the moments come while the model is loaded. The assertions hold at any.
        (_, string output) = Run("HostedService", TimeSpan.FromSeconds(seconds), $"--Orders:Folder={folder["drawings"]}");
        Assert.DoesNotContain("   at ", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--frobnicate")]
    [InlineData("drawings")]
    [InlineData("--Orders:Foldr=drawings")]
    [InlineData("--Order:Folder=drawings")]
    [InlineData("--Orders:Folder")]
    [InlineData("--Orders:Folder=")]
    [InlineData("--Logging")]
    [InlineData("--LatentDiffusion:Steps=0")]
    [InlineData("--LatentDiffusion:Step=4")]
    [InlineData("--urls=http://localhost")]
    public void The_hosted_service_refuses_what_is_not_a_setting(string argument)
    {
        (int exitCode, string output) = Run("HostedService", argument);
        Assert.Equal(2, exitCode);
        Assert.Single(output.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("CustomComponents")]
    [InlineData("CustomComponents", "a star", "star.png", "too many")]
    [InlineData("CustomComponents", "--steps", "3")]
    [InlineData("CustomComponents", "a star", "")]
    [InlineData("CustomComponents", "a star", "star.bmp")]
    [InlineData("CustomScheduler", "a star", "too many")]
    [InlineData("CustomScheduler", "--steps")]
    public void Wrong_usage_of_small_samples_gets_one_line_and_exit_code_2(string sample, params string[] arguments)
    {
        (int exitCode, string output) = Run(sample, arguments);
        Assert.Equal(2, exitCode);
        Assert.Single(output.TrimEnd().Split('\n'));
    }

    [Fact]
    public void Components_of_ones_own_draw_an_image()
    {
        using var folder = new TemporaryFolder();
        (int exitCode, string output) = Run("CustomComponents", "a yellow bird | a red bird", folder["blend.png"]);
        Assert.True(exitCode == 0, output);
        Assert.Contains(folder["blend.png"], output, StringComparison.Ordinal);
        Assert.Equal("a yellow bird | a red bird", GenerationMetadata.ReadRequest(File.ReadAllBytes(folder["blend.png"])).Prompt);
        Directory.CreateDirectory(folder["taken.png"]);
        (exitCode, output) = Run("CustomComponents", "a blue bird", folder["taken.png"]);
        Assert.Equal(1, exitCode);
        Assert.Single(output.TrimEnd().Split('\n'));
    }

    private static (int ExitCode, string Output) Run(string sample, params string[] arguments) => Run(sample, null, arguments);

    private static (int ExitCode, string Output) Run(string sample, TimeSpan? stopAfter, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo("dotnet", [BuildSettings.Sample(sample), .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        if (stopAfter is { } time && !process.WaitForExit(time))
            using (Process kill = Process.Start("kill", ["-TERM", $"{process.Id}"])) kill.WaitForExit();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }
}
