using LatentDiffusion.Tests.Pipelines;
using Xunit;

namespace LatentDiffusion.Tests.Samples;

/// <summary>The sample as a user starts it.</summary>
[Trait(TestCategories.Name, TestCategories.Program)]
public sealed class DistillTests(TinyModel model) : IClassFixture<TinyModel>
{
    private const string Recipe = """
        {
          "latents": 4, "guidance_width": 16, "sheet_steps": 2, "sheet_columns": 1,
          "objective": { "batch_size": 2, "solver_steps": 10, "guidance_interval": { "stop": 0.3 } },
          "training": { "steps": 2, "checkpoint_every": 1, "precision": "b_float16",
              "optimizer": { "learning_rate": 0.001, "warmup_steps": 0 } }
        }
        """;

    [Fact]
    public void A_student_is_written_that_draws_in_few_steps()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["recipe.json"], Recipe);
        (int exitCode, string output, string error) = Run(
            "--model", model.Folder,
            "--recipe", folder["recipe.json"],
            "--out", folder["run"],
            "--latents", folder["latents.safetensors"],
            "--threads", "1");
        Assert.True(exitCode == 0, output + error);
        Assert.Equal((byte)'P', File.ReadAllBytes(Path.Combine(folder["run"], "prompts.png"))[1]);

        // Other images, one more of them here, are refused before the cache of the latents is replaced.
        byte[] latents = File.ReadAllBytes(folder["latents.safetensors"]);
        File.WriteAllText(folder["recipe.json"], Recipe.Replace("\"latents\": 4", "\"latents\": 5", StringComparison.Ordinal));
        (exitCode, _, error) = Run(
            "--model", model.Folder,
            "--recipe", folder["recipe.json"],
            "--out", folder["run"],
            "--latents", folder["latents.safetensors"],
            "--threads", "1");
        Assert.Equal(1, exitCode);
        Assert.Contains("was started with other images or captions", error, StringComparison.Ordinal);
        Assert.Equal(latents, File.ReadAllBytes(folder["latents.safetensors"]));

        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(Path.Combine(folder["run"], "model")).Build();
        Assert.Equal("LCMScheduler", pipeline.Model!.SchedulerConfig.ClassName);
        Assert.Equal(16, pipeline.Generate(new GenerationRequest { Prompt = "a blue bird", Seed = 1, Steps = 4 }).Images[0].Image.Width);
    }

    [Fact]
    public void Adapters_are_written_that_make_the_teacher_draw_in_few_steps()
    {
        using var folder = new TemporaryFolder();
        string recipe = Recipe
            .Replace(
                "\"guidance_width\": 16",
                "\"guidance_width\": null, \"adapters\": { \"rank\": 2, \"targets\": [\"*\"] }",
                StringComparison.Ordinal)
            .Replace(
                "\"solver_steps\": 10",
                "\"solver_steps\": 2, \"solver_evaluations\": 5, \"phases\": 2, \"target_decay\": 0",
                StringComparison.Ordinal);
        File.WriteAllText(folder["recipe.json"], recipe);
        (int exitCode, string output, string error) = Run(
            "--model", model.Folder,
            "--recipe", folder["recipe.json"],
            "--out", folder["run"],
            "--threads", "1");
        Assert.True(exitCode == 0, output + error);
        Assert.True(File.Exists(Path.Combine(folder["run"], "prompts.png")));
        byte[] plain = Draw(null), patched = Draw(Path.Combine(folder["run"], "model", "pytorch_lora_weights.safetensors"));
        Assert.NotEqual(plain, patched);

        File.WriteAllText(
            folder["recipe.json"],
            recipe.Replace("\"guidance_width\": null", "\"guidance_width\": 16", StringComparison.Ordinal));
        (exitCode, _, error) = Run("--model", model.Folder, "--recipe", folder["recipe.json"], "--out", folder["refused"]);
        Assert.Equal(1, exitCode);
        Assert.Contains(
            "guidance_width of 16",
            Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["refused"]));

        byte[] Draw(string? adapters)
        {
            DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModelFolder(model.Folder).UseScheduler("ddim");
            if (adapters is not null) builder.UseLora(adapters);
            using DiffusionPipeline pipeline = builder.Build();
            return pipeline.Generate(new GenerationRequest { Prompt = "a blue bird", Seed = 1, Steps = 2, GuidanceScale = 1 })
                .Images[0].Image.Rgb.ToArray();
        }
    }

    [Theory]
    [InlineData(2, "Unrecognized command or argument '--frobnicate'", "--frobnicate")]
    [InlineData(2, "--threads is 0", "--threads", "0")]
    [InlineData(2, "--threads is '1,5'; expected a whole number", "--threads", "1,5")]
    [InlineData(1, "nowhere", "--model", "nowhere")]
    [InlineData(1, "nowhere.json", "--recipe", "nowhere.json")]
    [InlineData(1, "nowhere' does not exist; expected a folder", "--data", "nowhere")]
    [InlineData(2, "--device is 'tpu'; expected cpu, cuda or cuda:number", "--device", "tpu")]
    [InlineData(2, "--out is empty; expected a folder", "--out", "")]
    [InlineData(2, "--latents is empty; expected a file", "--latents", "")]
    [InlineData(2, "Unrecognized command or argument 'model'", "model")]
    public void Wrong_options_get_one_line(int expected, string message, params string[] arguments)
    {
        (int exitCode, _, string error) = Run(arguments);
        Assert.Equal(expected, exitCode);
        Assert.Contains(message, Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
    }

    [Fact]
    public void Wrong_recipes_are_refused_before_anything_is_made()
    {
        using var folder = new TemporaryFolder();
        (string Wrong, string Right)[] changes =
        [
            ("\"sheet_steps\": 0", "\"sheet_steps\": 2"),
            ("\"objective\": null, \"was\"", "\"objective\""),
            ("\"guidance_width\": -2", "\"guidance_width\": 16"),
            ("\"batch_size\": 0", "\"batch_size\": 2"),
        ];
        foreach ((string wrong, string right) in changes)
        {
            File.WriteAllText(folder["recipe.json"], Recipe.Replace(right, wrong, StringComparison.Ordinal));
            (int exitCode, _, string error) = Run("--model", model.Folder, "--recipe", folder["recipe.json"], "--out", folder["run"]);
            Assert.Equal(1, exitCode);
            Assert.Contains(
                "recipe.json'",
                Assert.Single(error.Split('\n', StringSplitOptions.RemoveEmptyEntries)),
                StringComparison.Ordinal);
            Assert.False(Directory.Exists(folder["run"]));
        }
    }

    [Fact]
    public void Messages_about_long_arguments_are_short()
    {
        (int exitCode, _, string error) = Run("--" + new string('x', 20_000));
        Assert.Equal(2, exitCode);
        Assert.InRange(error.Length, 1, 1000);
    }

    [Theory]
    [InlineData("drawings.json")]
    [InlineData("drawings-phased.json")]
    [InlineData("drawings-adapters.json")]
    public void The_recipes_can_be_read(string recipe)
    {
        // They are read before the model, which does not exist.
        (int exitCode, _, string error) = Run(
            "--model", "nowhere",
            "--recipe", Path.Combine(Path.GetDirectoryName(BuildSettings.Sample("Distill"))!, recipe));
        Assert.Equal(1, exitCode);
        Assert.Contains("nowhere", error, StringComparison.Ordinal);
        Assert.DoesNotContain("recipe", error, StringComparison.Ordinal);
    }

    private static (int ExitCode, string Output, string Error) Run(params string[] arguments) =>
        SampleProgram.Run("Distill", arguments);
}
