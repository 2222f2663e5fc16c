using System.Diagnostics;
using System.Text.Json.Nodes;
using Xunit;

namespace LatentDiffusion.Tests.Training;

/// <summary>
/// A third of the kills comes when a checkpoint is being written or soon after, the others at any moment of the start,
/// whose length is taken from the run that is not killed.
/// </summary>
[Trait(TestCategories.Name, TestCategories.Long), Trait(TestCategories.Name, TestCategories.Soak)]
public sealed class ManyKillsTests
{
    [Fact]
    public void Twenty_kills_at_random_moments_leave_the_same_weights()
    {
        using var folder = new TemporaryFolder();
        JsonNode recipe = JsonNode.Parse(File.ReadAllText(TrainingProgram.TinyRecipe))!;
        // More steps than the starts can get done before they are killed, and a checkpoint after each second one.
        recipe["autoencoder_training"]!["steps"] = 30;
        recipe["denoiser_training"]!["steps"] = 130;
        File.WriteAllText(folder["recipe.json"], recipe.ToJsonString());
        TimeSpan start;
        using (var written = new WrittenCheckpoints(folder["whole"]))
        using (TrainingProgram whole = Start("whole"))
        {
            var clock = Stopwatch.StartNew();
            written.Await(1, whole);
            start = clock.Elapsed;
            whole.Finish();
        }

        var random = new Random(20);
        for (int kill = 0; kill < 20; kill++)
        {
            using var written = new WrittenCheckpoints(folder["killed"]);
            using TrainingProgram program = Start("killed");
            if (kill % 3 == 0)
            {
                var clock = Stopwatch.StartNew();
                written.Await(1, program);
                // The first start of all may have been slow; the others should not train for as long as it was.
                if (clock.Elapsed < start) start = clock.Elapsed;
                written.Await(random.Next(1, 4), program);
                if (kill % 2 == 1) program.Process.WaitForExit(random.Next(40));
            }
            else
                program.Process.WaitForExit(start * (0.9 * random.NextDouble()));

            Assert.False(program.Process.HasExited, $"the run was over before kill {kill + 1}");
            program.Kill();
        }

        using (TrainingProgram resumed = Start("killed")) resumed.Finish();
        TrainingProgram.AssertNothingLeft(folder["killed"]);
        string[] model = Directory.GetFiles(Path.Combine(folder["whole"], "model"), "*.safetensors", SearchOption.AllDirectories);
        Assert.NotEmpty(model);
        foreach (string file in model)
            Assert.Equal(
                File.ReadAllBytes(file),
                File.ReadAllBytes(file.Replace(folder["whole"], folder["killed"], StringComparison.Ordinal)));

        TrainingProgram Start(string run) =>
            TrainingProgram.Start("--recipe", folder["recipe.json"], "--out", folder[run], "--threads", "1");
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

        public void Await(int count, TrainingProgram program) =>
            program.Reach($"checkpoint {count}", () => Volatile.Read(ref _seen) >= count);

        public void Dispose() => _watcher.Dispose();
    }
}
