using LatentDiffusion.Tests.Training;
using Xunit;

namespace LatentDiffusion.Tests.Samples;

/// <summary>Refusals of the sample, started as a user does.</summary>
[Trait(TestCategories.Name, TestCategories.Program)]
public sealed class TrainFromScratchTests
{
    [Theory]
    [InlineData(2, "Unrecognized command or argument '--frobnicate'", "--frobnicate")]
    [InlineData(2, "--hours is '1,5'; expected a number", "--hours", "1,5")]
    [InlineData(2, "--validation is '0,1'; expected a number", "--data", "nowhere", "--validation", "0,1")]
    [InlineData(2, "--data is empty", "--data", "")]
    [InlineData(1, "nowhere' does not exist; expected a folder, metadata.jsonl", "--data", "nowhere")]
    [InlineData(1, "nowhere.json", "--recipe", "nowhere.json")]
    [InlineData(1, "nowhere' is not a model folder to start from", "--from", "nowhere")]
    [InlineData(2, "--threads is 0; expected at least 1", "--threads", "0")]
    [InlineData(2, "--recipe is empty; expected a file", "--recipe", "")]
    [InlineData(2, "--captions applies only to your images: expected --data", "--captions", "text")]
    public void Wrong_options_get_one_line(int expected, string message, params string[] arguments)
    {
        using var folder = new TemporaryFolder();
        using TrainingProgram program = TrainingProgram.Start([.. arguments, "--out", folder["run"]]);
        Assert.Contains(message, Assert.Single(program.Finish(expected).Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("unet/diffusion_pytorch_model.safetensors")]
    [InlineData("text_encoder/model.safetensors")]
    public void A_damaged_network_to_start_from_is_refused_before_training(string damaged)
    {
        using var folder = new TemporaryFolder();
        foreach (string network in (string[])
        [
            "vae/diffusion_pytorch_model.safetensors",
            "unet/diffusion_pytorch_model.safetensors",
            "text_encoder/model.safetensors"
        ])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(folder[network])!);
            SafetensorsWriter.Write(folder[network], Array.Empty<(string, TorchSharp.torch.Tensor)>());
        }

        File.WriteAllText(folder[damaged], "not a checkpoint");
        using TrainingProgram program = TrainingProgram.Start("--from", folder[""], "--out", folder["run"]);
        Assert.Contains(damaged, Assert.Single(program.Finish(1).Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["run"]));
    }

    [Theory]
    [InlineData("unet")]
    [InlineData("denoiser_training")]
    [InlineData("scheduler")]
    public void A_recipe_with_null_for_a_part_is_refused_by_name(string part)
    {
        using var folder = new TemporaryFolder();
        var recipe = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(TrainingProgram.TinyRecipe))!;
        recipe[part] = null;
        File.WriteAllText(folder["recipe.json"], recipe.ToJsonString());
        using TrainingProgram program = TrainingProgram.Start("--recipe", folder["recipe.json"], "--out", folder["run"]);
        Assert.Contains(
            "recipe.json' cannot be read",
            Assert.Single(program.Finish(1).Error.TrimEnd().Split('\n')),
            StringComparison.Ordinal);
    }
}
