using System.Diagnostics;
using System.Text.Json.Nodes;
using LatentDiffusion.Evaluation;
using Xunit;

namespace LatentDiffusion.Tests.Training;

/// <summary>The training program, killed without a warning and started again, ends with the weights of a run that was not killed.</summary>
public sealed class KilledRunTests
{
    [Fact]
    public void A_killed_run_ends_with_the_same_weights()
    {
        using var folder = new TemporaryFolder();
        using (Process whole = Start(folder["whole"])) Finish(whole);

        string checkpoints = Path.Combine(folder["killed"], "checkpoints");
        (string Name, Func<bool> Reached)[] milestones =
        [
            ("four steps of the autoencoder", () => WrittenSteps.Reach(Path.Combine(checkpoints, "autoencoder"), 4)),
            ("the latents", () => File.Exists(Path.Combine(folder["killed"], "latents.safetensors"))),
            ("six steps of the denoiser", () => WrittenSteps.Reach(Path.Combine(checkpoints, "denoiser"), 6)),
        ];
        foreach ((string name, Func<bool> reached) in milestones)
        {
            using Process killed = Start(folder["killed"]);
            Assert.True(SpinWait.SpinUntil(() => reached() || killed.HasExited, TimeSpan.FromMinutes(3)));
            Assert.False(killed.HasExited, $"the run was over before {name} could be seen");
            killed.Kill();
            killed.WaitForExit();
        }

        // As a run that was begun before drawings were validated on.
        if (File.Exists(Path.Combine(folder["killed"], "validation.safetensors"))) File.Delete(Path.Combine(folder["killed"], "validation.safetensors"));
        string output;
        using (Process resumed = Start(folder["killed"])) output = Finish(resumed);
        Assert.Contains("denoiser: The validation loss", output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        using (RunFolder run = RunFolder.Open(folder["killed"]))
        {
            Assert.Equal(16, run.Read("denoiser", MetricNames.ValidationLoss).Count);
            // From the eighth validation in the window, half of the steps, on.
            Assert.Equal([14, 15, 16], run.Read("denoiser", MetricNames.Trend).Select(p => p.Step));
        }

        AssertNothingLeft(folder["killed"]);
        foreach (string file in Directory.GetFiles(Path.Combine(folder["whole"], "model"), "*", SearchOption.AllDirectories))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(file.Replace(folder["whole"], folder["killed"], StringComparison.Ordinal)));
    }

    /// <summary>
    /// A third of the kills comes when a checkpoint is being written or soon after, the others at any moment of the start,
    /// whose length is taken from the run that is not killed.
    /// </summary>
    [Fact]
    public void Twenty_kills_at_random_moments_leave_the_same_weights()
    {
        using var folder = new TemporaryFolder();
        JsonNode recipe = JsonNode.Parse(File.ReadAllText(TinyRecipe))!;
        // More steps than the starts can get done before they are killed, and a checkpoint after each second one.
        recipe["autoencoder_training"]!["steps"] = 30;
        recipe["denoiser_training"]!["steps"] = 130;
        File.WriteAllText(folder["recipe.json"], recipe.ToJsonString());
        TimeSpan start;
        using (var written = new WrittenCheckpoints(folder["whole"]))
        using (Process whole = StartWith(folder["recipe.json"], folder["whole"]))
        {
            var clock = Stopwatch.StartNew();
            written.Await(1, whole);
            start = clock.Elapsed;
            Finish(whole);
        }

        var random = new Random(20);
        for (int kill = 0; kill < 20; kill++)
        {
            using var written = new WrittenCheckpoints(folder["killed"]);
            using Process process = StartWith(folder["recipe.json"], folder["killed"]);
            if (kill % 3 == 0)
            {
                var clock = Stopwatch.StartNew();
                written.Await(1, process);
                // The first start of all may have been slow; the others should not train for as long as it was.
                if (clock.Elapsed < start) start = clock.Elapsed;
                written.Await(random.Next(1, 4), process);
                if (kill % 2 == 1) process.WaitForExit(random.Next(40));
            }
            else
                process.WaitForExit(start * (0.9 * random.NextDouble()));

            Assert.False(process.HasExited, $"the run was over before kill {kill + 1}");
            process.Kill();
            process.WaitForExit();
        }

        using (Process resumed = StartWith(folder["recipe.json"], folder["killed"])) Finish(resumed);
        AssertNothingLeft(folder["killed"]);
        string[] model = Directory.GetFiles(Path.Combine(folder["whole"], "model"), "*.safetensors", SearchOption.AllDirectories);
        Assert.NotEmpty(model);
        foreach (string file in model)
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(file.Replace(folder["whole"], folder["killed"], StringComparison.Ordinal)));
    }

    [Fact]
    public void A_run_can_start_from_a_model()
    {
        using var folder = new TemporaryFolder();
        using (Process first = Start(folder["first"])) Finish(first);
        using (Process second = Start(folder["second"], "--from", Path.Combine(folder["first"], "model"))) Finish(second);
        Assert.Equal(File.ReadAllBytes(Weights("first", "vae")), File.ReadAllBytes(Weights("second", "vae")));
        Assert.NotEqual(File.ReadAllBytes(Weights("first", "unet")), File.ReadAllBytes(Weights("second", "unet")));

        string Weights(string run, string part) => Path.Combine(folder[run], "model", part, "diffusion_pytorch_model.safetensors");
    }

    private static void AssertNothingLeft(string run) => Assert.DoesNotContain(
        Directory.GetFiles(run, "*", SearchOption.AllDirectories), f => f.EndsWith(".tmp", StringComparison.Ordinal) || f.EndsWith(".partial", StringComparison.Ordinal));

    private static string TinyRecipe => Path.Combine(AppContext.BaseDirectory, "Training", "tiny-recipe.json");

    private static Process Start(string run, params string[] more) => StartWith(TinyRecipe, run, more);

    private static Process StartWith(string recipe, string run, params string[] more)
    {
        return Process.Start(new ProcessStartInfo("dotnet", [BuildSettings.Sample("TrainFromScratch"), "--recipe", recipe, "--out", run, "--threads", "1", .. more])
        {
            RedirectStandardOutput = true, RedirectStandardError = true,
        })!;
    }

    private static string Finish(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        Assert.True(process.WaitForExit(TimeSpan.FromMinutes(5)), "the run did not end");
        Assert.True(process.ExitCode == 0, $"ended with {process.ExitCode}: {output.Result}{error.Result}");
        return output.Result;
    }

    /// <summary>Sees checkpoints of a run from the moment on when they begin to be written.</summary>
    private sealed class WrittenCheckpoints : IDisposable
    {
        private readonly FileSystemWatcher _watcher;
        private int _seen;

        public WrittenCheckpoints(string run)
        {
            string checkpoints = Path.Combine(run, "checkpoints");
            // Folders are watched from the beginning, so that no file is missed.
            foreach (string stage in new[] { "autoencoder", "denoiser" }) Directory.CreateDirectory(Path.Combine(checkpoints, stage));
            _watcher = new FileSystemWatcher(checkpoints, "checkpoint-*.tmp") { IncludeSubdirectories = true };
            _watcher.Created += (_, _) => Interlocked.Increment(ref _seen);
            _watcher.EnableRaisingEvents = true;
        }

        public void Await(int count, Process process) => Assert.True(
            SpinWait.SpinUntil(() => Volatile.Read(ref _seen) >= count || process.HasExited, TimeSpan.FromMinutes(3)), "no checkpoint was written");

        public void Dispose() => _watcher.Dispose();
    }
}
