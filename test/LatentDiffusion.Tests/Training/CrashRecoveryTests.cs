using LatentDiffusion.Evaluation;
using Xunit;

namespace LatentDiffusion.Tests.Training;

/// <summary>The training program, killed without a warning and started again, ends with the weights of a run that was not killed.</summary>
[Trait(TestCategories.Name, TestCategories.Program)]
public sealed class CrashRecoveryTests(WholeRun whole) : IClassFixture<WholeRun>
{
    [Fact]
    public void A_killed_run_ends_with_the_same_weights()
    {
        using var folder = new TemporaryFolder();
        string checkpoints = Path.Combine(folder["killed"], "checkpoints");
        (string Name, Func<bool> Reached)[] milestones =
        [
            ("four steps of the autoencoder", () => WrittenSteps.Reach(Path.Combine(checkpoints, "autoencoder"), 4)),
            ("the latents", () => File.Exists(Path.Combine(folder["killed"], "latents.safetensors"))),
            ("six steps of the denoiser", () => WrittenSteps.Reach(Path.Combine(checkpoints, "denoiser"), 6)),
        ];
        foreach ((string name, Func<bool> reached) in milestones)
        {
            using TrainingProgram killed = Start(folder["killed"]);
            killed.Reach(name, reached);
            killed.Kill();
        }

        // As a run that was begun before drawings were validated on.
        if (File.Exists(Path.Combine(folder["killed"], "validation.safetensors")))
            File.Delete(Path.Combine(folder["killed"], "validation.safetensors"));
        string output;
        using (TrainingProgram resumed = Start(folder["killed"])) output = resumed.Finish().Output;
        Assert.Contains("denoiser: The validation loss", output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        using (RunFolder run = RunFolder.Open(folder["killed"]))
        {
            Assert.Equal(16, run.Read("denoiser", MetricNames.ValidationLoss).Count);
            // From the eighth validation in the window, half of the steps, on.
            Assert.Equal([14, 15, 16], run.Read("denoiser", MetricNames.Trend).Select(p => p.Step));
        }

        TrainingProgram.AssertNothingLeft(folder["killed"]);
        foreach (string file in Directory.GetFiles(Path.Combine(whole.Folder, "model"), "*", SearchOption.AllDirectories))
            Assert.Equal(
                File.ReadAllBytes(file),
                File.ReadAllBytes(file.Replace(whole.Folder, folder["killed"], StringComparison.Ordinal)));
    }

    [Fact]
    public void A_run_can_start_from_a_model()
    {
        using var folder = new TemporaryFolder();
        using (TrainingProgram second = Start(folder["second"], "--from", Path.Combine(whole.Folder, "model"))) second.Finish();
        Assert.Equal(File.ReadAllBytes(Weights(whole.Folder, "vae")), File.ReadAllBytes(Weights(folder["second"], "vae")));
        Assert.NotEqual(File.ReadAllBytes(Weights(whole.Folder, "unet")), File.ReadAllBytes(Weights(folder["second"], "unet")));

        static string Weights(string run, string part) => Path.Combine(run, "model", part, "diffusion_pytorch_model.safetensors");
    }

    private static TrainingProgram Start(string run, params string[] more) =>
        TrainingProgram.Start(["--recipe", TrainingProgram.TinyRecipe, "--out", run, "--threads", "1", .. more]);
}
