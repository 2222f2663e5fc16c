using LatentDiffusion.Tests.Pipelines;
using Xunit;

namespace LatentDiffusion.Tests.Samples;

/// <summary>The sample as a user starts it.</summary>
[Trait(TestCategories.Name, TestCategories.Program)]
public sealed class EvaluateTests(TinyModel model) : IClassFixture<TinyModel>
{
    [Fact]
    public void A_report_is_written_and_the_table_printed()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(
            folder["options.json"],
            """{ "image_count": 2, "bound_timesteps": 2, "bound_variance": "posterior", "generated": 0, "sheet_columns": 0 }""");
        (int exitCode, string output, string error) = Run(
            "--model", model.Folder, "--options", folder["options.json"],
            "--images", "3", "--timesteps-per-bucket", "1",
            "--out", folder["out"]);
        Assert.True(exitCode == 0, error);
        Assert.Contains("900 to 999", output, StringComparison.Ordinal);
        Assert.Contains("training loss", output, StringComparison.Ordinal);
        Assert.Contains(", posterior", output, StringComparison.Ordinal);
        Assert.Contains("\"image_count\": 3", File.ReadAllText(Path.Combine(folder["out"], "report.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void The_same_command_twice_gives_the_same_files()
    {
        using var folder = new TemporaryFolder();
        foreach (string to in new[] { "first", "second" })
        {
            (int exitCode, _, string error) = Run(
                "--model", model.Folder, "--threads", "2",
                "--images", "3", "--timesteps-per-bucket", "1",
                "--bound-timesteps", "3",
                "--generated", "8",
                "--steps", "2", "--columns", "1", "--prompt", "a star", "--pool", "20", "--mirrored", "--out", folder[to]);
            Assert.True(exitCode == 0, error);
        }

        string[] files = [.. Directory.GetFiles(folder["first"]).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal)];
        Assert.Equal(7, files.Length);
        Assert.Equal(files, Directory.GetFiles(folder["second"]).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
        Assert.All(
            files,
            file => Assert.Equal(
                File.ReadAllBytes(Path.Combine(folder["first"], file)),
                File.ReadAllBytes(Path.Combine(folder["second"], file))));
        Assert.Contains(
            "Among 20 training images and as many mirrored ones",
            File.ReadAllText(Path.Combine(folder["first"], "report.md")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_is_evaluated_on_what_it_followed_from()
    {
        using var folder = new TemporaryFolder();
        string run = folder["run"];
        Directory.CreateDirectory(run);
        Refused($"'{run}' is not a run");
        File.WriteAllText(Path.Combine(run, "configuration.json"), """{ "data": null, "recipe": { "seed": 3 } }""");
        Refused("has no model yet");
        foreach (string file in Directory.GetFiles(model.Folder, "*", SearchOption.AllDirectories))
        {
            string copy = Path.Combine(run, "model", Path.GetRelativePath(model.Folder, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        File.WriteAllLines(Path.Combine(run, "metrics.jsonl"), Enumerable.Range(1, 20).Select(i =>
            $"{{\"stage\":\"denoiser\",\"step\":{100 * i},\"loss\":0.5,\"validation_loss\":0.{90 - i}}}"));
        (int exitCode, _, string error) = Run(
            "--run", run, "--images", "2", "--timesteps-per-bucket", "1",
            "--bound-timesteps", "0",
            "--generated", "0", "--columns", "0");
        Assert.True(exitCode == 0, error);
        string report = File.ReadAllText(Path.Combine(run, "evaluation", "report.json"));
        Assert.Contains("\"model\": \"run/model\"", report, StringComparison.Ordinal);
        Assert.Contains("\"training_set\": \"drawings of seed 3\"", report, StringComparison.Ordinal);
        Assert.Contains("\"verdict\": \"still_falling\"", report, StringComparison.Ordinal);
        string page = File.ReadAllText(Path.Combine(run, "evaluation", "report.md"));
        Assert.Contains("The validation loss still falls: -", page, StringComparison.Ordinal);
        Assert.Contains("(training.png)", page, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(run, "evaluation", "training.png")));
        File.WriteAllText(Path.Combine(run, "configuration.json"), """{ "data": "elsewhere/images", "recipe": { "seed": 3 } }""");
        Refused("'elsewhere/images', which does not exist here");
        File.WriteAllText(Path.Combine(run, "configuration.json"), "{}");
        Refused("is not what samples/TrainFromScratch writes");

        void Refused(string message)
        {
            (int exitCode, _, string error) = Run("--run", run);
            Assert.Equal(1, exitCode);
            Assert.Contains(message, error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(2, "Unrecognized command or argument '--frobnicate'", "--frobnicate")]
    [InlineData(2, "--images is 'many'; expected a whole number", "--images", "many")]
    [InlineData(2, "--threads is 0; expected at least 1", "--threads", "0")]
    [InlineData(2, "nowhere'", "--data", "nowhere")]
    [InlineData(1, "is not a model folder", "--model", "nowhere")]
    [InlineData(2, "The field ImageCount must be between 2", "--images", "1")]
    [InlineData(2, "--device is 'tpu'; expected cpu, cuda or cuda:number", "--device", "tpu")]
    [InlineData(2, "--guidance is '1,5'; expected a number with a point", "--guidance", "1,5")]
    [InlineData(2, "--run is empty; expected a folder", "--run", "")]
    [InlineData(2, "Unrecognized command or argument 'model'", "model")]
    public void Wrong_options_get_one_line(int expected, string message, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        (int exitCode, _, string error) = Run([.. arguments, "--out", folder["out"]]);
        Assert.Equal(expected, exitCode);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
        Assert.False(Directory.Exists(folder["out"]));
    }

    private static (int ExitCode, string Output, string Error) Run(params string[] arguments) =>
        SampleProgram.Run("Evaluate", arguments);
}
