using System.Diagnostics;
using LatentDiffusion.Tests.Pipelines;
using LatentDiffusion.Tests.Training;
using Xunit;

namespace LatentDiffusion.Tests.Samples;

/// <summary>The fine-tuning program as a user starts it.</summary>
[Trait(TestCategories.Name, TestCategories.Program)]
public sealed class FineTuneProgramTests(TinyModel model) : IClassFixture<TinyModel>
{
    [Fact]
    public void A_stopped_run_saves_and_resumes_to_its_result()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Signals are sent by kill.");
        using var folder = new TemporaryFolder();
        string[] arguments =
        [
            "--model", model.Folder, "--data", TinyImages.Write(folder["images"]), "--out", folder["run"], "--size", "16",
            "--buckets", "false", "--images-per-prompt", "0", "--device", "cpu", "--threads", "1", "--checkpoint-every", "1",
        ];
        using (Process stopped = Start([.. arguments, "--steps", "100000"]))
        {
            string checkpoints = Path.Combine(folder["run"], "checkpoints", "lora");
            SpinWait.SpinUntil(() => stopped.HasExited || WrittenSteps.Reach(checkpoints, 1));
            using Process kill = Process.Start("kill", ["-TERM", $"{stopped.Id}"]);
            (int stop, _, string messages) = Finish(stopped);
            Assert.True(stop == 130, messages);
            Assert.Contains($"the same command resumes from '{folder["run"]}'", messages, StringComparison.Ordinal);
        }

        using Process resumed = Start([.. arguments, "--steps", "1"]);
        (int exitCode, string output, string error) = Finish(resumed);
        Assert.True(exitCode == 0, error);
        Assert.Equal(Path.Combine(folder["run"], "model", "pytorch_lora_weights.safetensors"), output.Trim());
        Assert.True(File.Exists(output.Trim()));
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("full", "--optimizer", "adamw8bit")]
    [InlineData("full", "--optimizer", "adafactor", "--gradient-checkpointing", "true")]
    [InlineData("textual_inversion", "--token", "a", "--initial-text", "star")]
    [InlineData("controlnet")]
    [InlineData("full", "--class-prompt", "a star", "--class-count", "20")]
    [Trait(TestCategories.Name, TestCategories.Long)]
    [Trait(TestCategories.Name, TestCategories.Soak)]
    public void A_run_needs_the_memory_that_its_dry_run_predicts(string method, params string[] options)
    {
        if (OperatingSystem.IsMacOS()) Assert.Skip("The operating system does not count the peak.");
        using var folder = new TemporaryFolder();
        string[] arguments =
        [
            "--model", model.Folder, "--data", TinyImages.Write(folder["images"]), "--out", folder["run"], "--size", "16",
            "--buckets", "false", "--device", "cpu", "--method", method, "--steps", "30", "--batch-size", "4", .. options,
        ];
        using Process dry = Start([.. arguments, "--dry-run"]);
        (int exitCode, string prediction, string error) = Finish(dry);
        Assert.True(exitCode == 0, error);
        using Process run = Start(arguments);
        (exitCode, _, error) = Finish(run);
        Assert.True(exitCode == 0, error);
        double expected = Megabytes(prediction, "memory: ");
        Assert.InRange(
            Megabytes(File.ReadAllText(Path.Combine(folder["run"], "report.md")), "Peak memory of the process: "),
            0.9 * expected, 1.1 * expected);

        static double Megabytes(string text, string before)
        {
            string number = text[(text.IndexOf(before, StringComparison.Ordinal) + before.Length)..].Split(' ')[0];
            return double.Parse(number, System.Globalization.CultureInfo.InvariantCulture);
        }
    }

    [Fact]
    public void Wrong_usage_gets_one_line()
    {
        using Process refused = Start(["--model", "a", "--data", "b", "--rank", "1,5"]);
        (int exitCode, _, string error) = Finish(refused);
        Assert.Equal(2, exitCode);
        Assert.Contains(
            "--rank is '1,5'; expected a whole number", Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal);
    }

    private static Process Start(string[] arguments) => Process.Start(
        new ProcessStartInfo("dotnet", [BuildSettings.Sample("FineTune"), .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;

    private static (int ExitCode, string Output, string Error) Finish(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        process.WaitForExit();
        return (process.ExitCode, output.Result, error.Result);
    }
}
