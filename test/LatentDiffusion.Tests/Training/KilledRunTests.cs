using System.Diagnostics;
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

        foreach (string milestone in new[] { "checkpoints/autoencoder/checkpoint-000000004.safetensors", "latents.safetensors", "checkpoints/denoiser/checkpoint-000000006.safetensors" })
        {
            using Process killed = Start(folder["killed"]);
            Assert.True(SpinWait.SpinUntil(() => File.Exists(Path.Combine(folder["killed"], milestone)) || killed.HasExited, TimeSpan.FromMinutes(3)));
            Assert.False(killed.HasExited, $"the run was over before {milestone} could be seen");
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

        foreach (string file in Directory.GetFiles(Path.Combine(folder["whole"], "model"), "*", SearchOption.AllDirectories))
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

    private static Process Start(string run, params string[] more)
    {
        string recipe = Path.Combine(AppContext.BaseDirectory, "Training", "tiny-recipe.json");
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
}
