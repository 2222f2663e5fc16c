using System.Text.Json.Nodes;
using LatentDiffusion.Evaluation;
using Xunit;
using static TorchSharp.torch;

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
    }

    [Fact]
    public void A_run_can_start_from_a_model_for_half_the_size_and_with_fewer_latent_channels()
    {
        using var folder = new TemporaryFolder();
        JsonNode recipe = JsonNode.Parse(File.ReadAllText(TrainingProgram.TinyRecipe))!;
        JsonNode autoencoder = recipe["autoencoder"]!, unet = recipe["unet"]!;
        autoencoder["block_out_channels"]!.AsArray().Insert(0, 12);
        autoencoder["down_block_types"]!.AsArray().Insert(0, "DownEncoderBlock2D");
        autoencoder["up_block_types"]!.AsArray().Add("UpDecoderBlock2D");
        autoencoder["latent_channels"] = 6;
        (unet["in_channels"], unet["out_channels"]) = (6, 6);
        File.WriteAllText(folder["recipe.json"], recipe.ToJsonString());

        string[] start = ["--recipe", folder["recipe.json"], "--from", Path.Combine(whole.Folder, "model")];
        using (TrainingProgram second = TrainingProgram.Start(["--out", folder["second"], "--threads", "1", .. start])) second.Finish();

        using (SafetensorsFile vae = SafetensorsFile.Open(Weights(folder["second"], "vae")))
            Assert.NotNull(vae.Find("encoder.down_blocks.3.resnets.0.conv1.weight"));
        using SafetensorsFile before = SafetensorsFile.Open(Weights(whole.Folder, "unet"));
        using SafetensorsFile after = SafetensorsFile.Open(Weights(folder["second"], "unet"));
        Assert.Equal(6, after.Find("conv_in.weight")!.Shape[1]);
        Assert.Equal(6, after.Find("conv_out.weight")!.Shape[0]);
        // 16 steps during the warm-up change little; random weights would differ by their size.
        const string Inner = "mid_block.resnets.0.conv1.weight";
        using Tensor old = before.Read(Inner).to(ScalarType.Float32), trained = after.Read(Inner).to(ScalarType.Float32);
        Assert.InRange((trained - old).abs().mean().item<float>(), 1e-6f, 0.05f * old.abs().mean().item<float>());    }

    private static string Weights(string run, string part) => Path.Combine(run, "model", part, "diffusion_pytorch_model.safetensors");

    private static TrainingProgram Start(string run, params string[] more) =>
        TrainingProgram.Start(["--recipe", TrainingProgram.TinyRecipe, "--out", run, "--threads", "1", .. more]);
}
