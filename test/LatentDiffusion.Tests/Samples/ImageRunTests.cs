using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Tests.Reference;
using LatentDiffusion.Tests.Training;
using Xunit;

namespace LatentDiffusion.Tests.Samples;

/// <summary>The training program on images from a folder, as a user starts it.</summary>
[Trait(TestCategories.Name, TestCategories.Program)]
public sealed class ImageRunTests : IDisposable
{
    private const int Size = 32;

    private readonly TemporaryFolder _folder = new();
    private readonly string _recipe;

    public ImageRunTests()
    {
        Directory.CreateDirectory(_folder["data"]);
        var random = new Random(1);
        File.WriteAllLines(Path.Combine(_folder["data"], "metadata.jsonl"), Enumerable.Range(0, 48).Select(i =>
        {
            byte[] rgb = new byte[Size * Size * 3];
            random.NextBytes(rgb.AsSpan(0, rgb.Length / 2));
            File.WriteAllBytes(Path.Combine(_folder["data"], $"{i}.png"), new SkiaImageCodec().EncodePng(new ImageBuffer(Size, Size, rgb)));
            return JsonSerializer.Serialize(new { file_name = $"{i}.png", text = i % 2 == 0 ? "a blue bird" : "a star with a jewel" });
        }));
        JsonObject recipe =
            JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Training", "tiny-recipe.json")))!
                .AsObject();
        recipe["image_size"] = Size;
        recipe["validate_every"] = 2;
        recipe["validation"] = new JsonObject { ["image_count"] = 4, ["timesteps_per_image"] = 2 };
        recipe["denoiser_training"]!["steps"] = 20;
        _recipe = _folder["recipe.json"];
        File.WriteAllText(_recipe, recipe.ToJsonString());
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_killed_run_ends_with_the_same_model_and_the_same_metrics()
    {
        using (TrainingProgram whole = Start("whole")) whole.Finish();
        using (TrainingProgram killed = Start("killed"))
        {
            killed.Reach(
                "six steps of the denoiser",
                () => WrittenSteps.Reach(Path.Combine(_folder["killed"], "checkpoints", "denoiser"), 6));
            killed.Kill();
        }

        using (TrainingProgram resumed = Start("killed")) resumed.Finish();
        // In the order in which they are made, so that the first difference is the one to look at.
        string[] files = ["autoencoder.safetensors", "latents.safetensors", "validation.safetensors"];
        Assert.All(files, file => Assert.True(Same(file), $"{file} differs"));
        Assert.Equal(Metrics("whole"), Metrics("killed"));
        string[] model =
        [
            .. Directory.GetFiles(Path.Combine(_folder["whole"], "model"), "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(_folder["whole"], f))
        ];
        Assert.NotEmpty(model);
        Assert.All(model, file => Assert.True(Same(file), $"{file} differs"));
        foreach ((string stage, int validations) in new[] { ("autoencoder", 8), ("denoiser", 20) })
            Assert.Equal(
                validations,
                Metrics("whole").Count(
                    line => line.Contains($"\"{stage}\"", StringComparison.Ordinal)
                        && line.Contains("validation_loss", StringComparison.Ordinal)));
        Assert.Single(Metrics("whole"), line => line.Contains("\"psnr\"", StringComparison.Ordinal));

        string report = File.ReadAllText(Path.Combine(_folder["whole"], "report.md"));
        Assert.Matches(
            "(?s)## Denoiser.*The validation loss (still falls|has flattened|rises).*" +
                "## Autoencoder.*PSNR of [0-9.]+ dB.*(too early|validation loss)",
            report);
        foreach (string image
            in report.Split('\n')
                .Where(l => l.StartsWith("![", StringComparison.Ordinal))
                .Select(l => l.Split('(', ')')[1]))
            Assert.True(File.Exists(Path.Combine(_folder["whole"], image)), image);
        foreach (string file in new[] { "loss.png", "loss-autoencoder.png", "configuration.json", "samples/autoencoder-000000008.png" })
            Assert.True(File.Exists(Path.Combine(_folder["whole"], file)), file);
    }

    [Fact]
    public void A_stopped_run_saves_and_unreadable_images_are_named()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Signals are sent by kill.");
        File.WriteAllText(Path.Combine(_folder["data"], "0.png"), "not an image");
        using (TrainingProgram refused = Start("refused")) Assert.Contains("0.png", Refused(refused), StringComparison.Ordinal);
        using TrainingProgram run = Start("stopped", "--skip-unreadable");
        string checkpoints = Path.Combine(_folder["stopped"], "checkpoints", "autoencoder");
        run.Reach("two steps of the autoencoder", () => WrittenSteps.Reach(checkpoints, 2));
        run.Terminate();
        string error = Refused(run, exitCode: 130);
        Assert.Contains("0.png", error, StringComparison.Ordinal);
        Assert.Contains($"the same command resumes from '{_folder["stopped"]}'", error, StringComparison.Ordinal);
        Assert.NotEmpty(Directory.GetFiles(checkpoints, "checkpoint-*.safetensors"));
        Assert.Empty(Directory.GetFiles(checkpoints, "*.tmp"));
    }

    [Fact]
    public void A_stopped_run_says_how_its_loss_goes_on()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Signals are sent by kill.");
        string recipe = Changed("autoencoder_training.steps=2", "validate_every=1", "denoiser_training.steps=2000");
        using TrainingProgram run = Start("stopped", "--config", recipe);
        run.Reach(
            "twenty steps of the denoiser",
            () => WrittenSteps.Reach(Path.Combine(_folder["stopped"], "checkpoints", "denoiser"), 20));
        run.Terminate();
        Assert.Matches(
            @"denoiser: The validation loss (still falls|has flattened|rises)",
            run.Finish(exitCode: 130).Output.ReplaceLineEndings(" "));
    }

    [Fact]
    public void Other_images_are_not_taken_for_those_a_run_began_with()
    {
        string recipe = Changed("autoencoder_training.steps=2", "denoiser_training.steps=2");
        using (TrainingProgram first = Start("run", "--config", recipe)) first.Finish();
        File.WriteAllBytes(
            Path.Combine(_folder["data"], "0.png"),
            new SkiaImageCodec().EncodePng(new ImageBuffer(Size, Size, new byte[Size * Size * 3])));
        var before = Written();
        using (TrainingProgram second = Start("run", "--config", recipe))
        {
            string error = Refused(second);
            Assert.Contains("was started with other images or captions", error, StringComparison.Ordinal);
            Assert.Single(error.TrimEnd().Split('\n'));
        }

        Assert.Contains("images.jsonl", before.Keys);
        Assert.Equal(before, Written());

        // Nothing of the run, its index of images among it, is written.
        SortedDictionary<string, DateTime> Written() => new(
            Directory.GetFiles(_folder["run"], "*", SearchOption.AllDirectories)
                .Where(f => !Path.GetFileName(f).StartsWith("run.", StringComparison.Ordinal))
                .ToDictionary(f => Path.GetRelativePath(_folder["run"], f), File.GetLastWriteTimeUtc));
    }

    [Fact]
    public void A_folder_in_use_is_refused_to_another_process()
    {
        using RunFolder held = RunFolder.Open(_folder["held"]);
        using TrainingProgram second = Start("held");
        string error = Refused(second);
        Assert.Contains(_folder["held"], error, StringComparison.Ordinal);
        Assert.Contains($"is in use by process {Environment.ProcessId} (", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_frozen_autoencoder_and_a_budget_of_time_give_a_model()
    {
        string folder = _folder["autoencoder"];
        Directory.CreateDirectory(folder);
        var config = new AutoencoderTinyConfig
        {
            EncoderBlockOutChannels = [4, 4], NumEncoderBlocks = [1, 1],
            DecoderBlockOutChannels = [4, 4], NumDecoderBlocks = [1, 1],
            LatentChannels = 6,
        };
        using (AutoencoderTiny network = config.Build())
        {
            FormulaWeights.Fill(network);
            JsonObject json = JsonNode.Parse(config.ToJson())!.AsObject();
            json["_class_name"] = nameof(AutoencoderTiny);
            File.WriteAllText(Path.Combine(folder, "config.json"), json.ToJsonString());
            StateDict.Save(network, Path.Combine(folder, "diffusion_pytorch_model.safetensors"));
        }

        string recipe = Changed("validate_every=50", "denoiser_training.checkpoint_every=50");
        using (TrainingProgram run = Start("run", "--config", recipe, "--autoencoder", folder, "--hours", "0.0001")) run.Finish();
        Assert.Equal(
            100,
            JsonNode.Parse(File.ReadAllText(Path.Combine(_folder["run"], "plan.json")))!["denoiser"]!["steps"]!.GetValue<int>());
        using ModelComponents model = DiffusersFolder.Read(Path.Combine(_folder["run"], "model"));
        var autoencoder = Assert.IsType<AutoencoderTiny>(model.Autoencoder);
        Assert.Equal(6, model.UNet.Config.InChannels);
        Assert.NotEqual(1, autoencoder.Config.ScalingFactor);
        Assert.NotNull(autoencoder.Config.ShiftFactor);
    }

    [Theory]
    [InlineData("--hours is 0; expected more than 0", 2, "--hours", "0")]
    [InlineData("--threads is 0; expected at least 1", 2, "--threads", "0")]
    [InlineData("--near-duplicates is 17; expected 0 to 16", 2, "--near-duplicates", "17")]
    [InlineData("leave nothing for training", 1, "--validation", "0.5", "--test", "0.5")]
    [InlineData("nowhere", 1, "--data", "nowhere")]
    [InlineData("nowhere' does not exist.", 1, "--autoencoder", "nowhere")]
    [InlineData("The field ValidateEvery must be between 1", 1, "--config", "validate_every=0")]
    [InlineData("The field Beta1 must be", 1, "--config", "denoiser_training.optimizer.beta1=2")]
    [InlineData("predicts Velocity, and the scheduler samples Epsilon", 1, "--config", "scheduler.prediction_type=\"epsilon\"")]
    [InlineData("DDIMScheduler has no option 'beta_last'", 1, "--config", "scheduler.beta_last=0.01")]
    [InlineData("num_attention_heads is 3; it must divide hidden_size", 1, "--config", "text_encoder.num_attention_heads=3")]
    [InlineData("down_block_types 1 and", 1, "--config", "unet.down_block_types=[\"DownBlock2D\"]")]
    [InlineData("the unet reads texts of width 24, and the text_encoder's hidden_size is 16", 1, "--config", "unet.cross_attention_dim=24")]
    [InlineData(
        "the unet has 8 out_channels; with 4 in_channels and learned_variance False expected 4",
        1,
        "--config",
        "unet.out_channels=8")]
    [InlineData("image_size is 33; expected a multiple of 4", 1, "--config", "image_size=33")]
    public void Wrong_options_are_named(string message, int exitCode, params string[] arguments)
    {
        if (arguments is ["--config", var change]) arguments = ["--config", Changed(change)];
        using TrainingProgram run = Start("wrong", arguments);
        string error = Refused(run, exitCode);
        Assert.Contains(message, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Ten_images_train_without_validation()
    {
        Directory.CreateDirectory(_folder["ten"]);
        // One with three captions, of which each epoch takes one.
        File.WriteAllLines(Path.Combine(_folder["ten"], "metadata.jsonl"),
            [
                """{"file_name": "0.png", "text": ["a blue bird", "a bird", "blue"]}""",
                .. File.ReadLines(Path.Combine(_folder["data"], "metadata.jsonl")).Take(10).Skip(1)
            ]);
        for (int i = 0; i < 10; i++) File.Copy(Path.Combine(_folder["data"], $"{i}.png"), Path.Combine(_folder["ten"], $"{i}.png"));
        using (TrainingProgram refused = Start("few", "--data", _folder["ten"], "--validation", "0.001"))
            Assert.Contains("too few for --validation 0.001", Refused(refused), StringComparison.Ordinal);
        using (TrainingProgram run = Start("run", "--data", _folder["ten"], "--validation", "0", "--test", "0", "--near-duplicates", "8"))
            run.Finish();
        Assert.True(File.Exists(Path.Combine(_folder["run"], "model", "model_index.json")));
        Assert.False(File.Exists(Path.Combine(_folder["run"], "validation.safetensors")));
        using (SafetensorsFile latents = SafetensorsFile.Open(Path.Combine(_folder["run"], "latents.safetensors")))
            Assert.Equal(20, latents.Find("latents")!.Shape[0]);
        Assert.DoesNotContain(Metrics("run"), line => line.Contains("validation_loss", StringComparison.Ordinal));
        Assert.Contains(
            "20 images (mirrored ones included)",
            File.ReadAllText(Path.Combine(_folder["run"], "report.md")),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Options_of_images_need_images()
    {
        using TrainingProgram run = TrainingProgram.Start("--captions", "caption", "--out", _folder["run"]);
        Assert.Contains("--captions applies only to your images: expected --data", Refused(run, exitCode: 2), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["run"]));
    }

    /// <summary>The recipe with some values changed, each given as its path, '=', and its JSON.</summary>
    private string Changed(params string[] changes)
    {
        JsonNode recipe = JsonNode.Parse(File.ReadAllText(_recipe))!;
        foreach (string change in changes)
        {
            string[] parts = change.Split('=');
            JsonNode place = recipe;
            string[] names = parts[0].Split('.');
            foreach (string name in names[..^1]) place = place[name]!;
            place[names[^1]] = JsonNode.Parse(parts[1]);
        }

        File.WriteAllText(_folder["changed.json"], recipe.ToJsonString());
        return _folder["changed.json"];
    }

    private bool Same(string file) =>
        File.ReadAllBytes(Path.Combine(_folder["whole"], file))
            .AsSpan()
            .SequenceEqual(File.ReadAllBytes(Path.Combine(_folder["killed"], file)));

    private string[] Metrics(string run) =>
    [
        .. File.ReadLines(Path.Combine(_folder[run], "metrics.jsonl")).Select(line =>
        {
            JsonObject json = JsonNode.Parse(line)!.AsObject();
            json.Remove("seconds");
            return json.ToJsonString();
        }),
    ];

    private TrainingProgram Start(string run, params string[] more)
    {
        string[] data = more.Contains("--data") ? [] : ["--data", _folder["data"]];
        string[] threads = more.Contains("--threads") ? [] : ["--threads", "1"];
        string[] recipe = more.Contains("--config") ? [] : ["--config", _recipe];
        return TrainingProgram.Start([.. data, .. recipe, "--out", _folder[run], .. threads, .. more]);
    }

    private static string Refused(TrainingProgram program, int exitCode = 1) => program.Finish(exitCode).Error;
}
