using System.Text.Json;
using System.Text.Json.Nodes;
using FineTune;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Tests.Pipelines;
using Microsoft.Extensions.Logging.Abstractions;
using Spectre.Console;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Samples;

/// <summary>Whole runs of the fine-tuning program, in this process.</summary>
public sealed class FineTuneRunTests : IClassFixture<TinyModel>, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly TinyModel _model;
    private readonly string _images;

    public FineTuneRunTests(TinyModel model) => (_model, _images) = (model, TinyImages.Write(_folder["images"]));

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("peft", "pytorch_lora_weights.safetensors")]
    [InlineData("kohya", "lora.safetensors")]
    public void Adapters_lower_the_loss_and_change_images(string form, string file)
    {
        string result = Run("run", Settings("run", "lora", form, textEncoder: form == "kohya"))!;
        Assert.Equal(Path.Combine(_folder["run"], "model", file), result);
        Falls("run", "lora");
        byte[] before = Draw(_model.Builder()), after = Draw(_model.Builder().UseLora(result));
        Assert.NotEqual(before, after);

        string report = File.ReadAllText(Path.Combine(_folder["run"], "report.md"));
        Assert.Contains("method lora, on ", report, StringComparison.Ordinal);
        Assert.Contains("samples/lora-000000000.png", report, StringComparison.Ordinal);
        Assert.Contains("samples/lora-000000020.png", report, StringComparison.Ordinal);
        if (!OperatingSystem.IsMacOS()) Assert.Contains("Peak memory of the process: ", report, StringComparison.Ordinal);
        Assert.NotEmpty(Directory.GetFiles(_folder["run"], "events.out.tfevents.*"));
        // A size each, and none for the frozen text encoder where it is trained.
        string[] kinds = form == "peft" ? ["latents", "texts"] : ["latents"];
        Assert.Equal(
            from kind in kinds from size in new[] { "16x16", "32x8", "validation" } select $"{kind}-{size}.safetensors",
            Directory.GetFiles(Path.Combine(_folder["run"], "cache")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void All_weights_are_trained_into_a_folder_that_reloads()
    {
        JsonObject settings = Settings("run", "full", "folder", textEncoder: true);
        settings.Set("gradient_checkpointing", true);
        settings.Set("training.ema_decay", 0.5);
        string result = Run("run", settings)!;
        Falls("run", "full");
        Assert.NotEqual(Draw(_model.Builder()), Draw(new DiffusionPipelineBuilder().UseModelFolder(result)));
        using ModelComponents before = DiffusersFolder.Read(_model.Folder), after = DiffusersFolder.Read(result);
        Assert.False(before.TextEncoder!.parameters().First().equal(after.TextEncoder!.parameters().First()).all().item<bool>());
    }

    [Fact]
    public void A_run_in_two_parts_ends_with_the_same_file()
    {
        JsonObject settings = Settings("whole", "lora", "peft");
        settings.Set("training.optimizer.decay", "constant");
        settings.Set("training.steps", 6);
        byte[] whole = Tensors(Run("whole", settings)!);
        settings.Set("training.steps", 3);
        Run("parts", settings);
        settings.Set("training.steps", 6);
        Assert.Equal(whole, Tensors(Run("parts", settings)!));
        // The header has the day.
        static byte[] Tensors(string file)
        {
            using SafetensorsFile opened = SafetensorsFile.Open(file);
            return [.. opened.Entries.OrderBy(entry => entry.Name, StringComparer.Ordinal).SelectMany(entry =>
            {
                using Tensor tensor = opened.Read(entry.Name);
                return tensor.bytes.ToArray();
            })];
        }

        // Other images are refused before anything is written.
        File.Copy(Path.Combine(_images, "0.png"), Path.Combine(_images, "1.png"), overwrite: true);
        Assert.Contains(
            "was started with other images", Assert.Throws<InvalidDataException>(() => Run("parts", settings)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void A_single_file_has_the_trained_weights()
    {
        JsonObject settings = Settings("run", "full", "single_file");
        settings.Set("output.precision", "float32");
        settings.Set("training.steps", 2);
        string result = Run("run", settings)!;
        using ModelComponents model = DiffusersFolder.Read(_model.Folder);
        using ModelComponents file = SingleFileCheckpoint.Read(result, model: new SingleFileOptions
        {
            TokenizerFolder = Path.Combine(_model.Folder, "tokenizer"),
            Configs = new Dictionary<string, NetworkConfig>
            {
                ["unet"] = model.UNet.Config, ["vae"] = ((AutoencoderKL)model.Autoencoder).Config,
                ["text_encoder"] = model.TextEncoder!.Config,
            },
        });
        Assert.False(file.UNet.parameters().First().equal(model.UNet.parameters().First()).all().item<bool>());
        Assert.True(file.TextEncoder!.parameters().First().equal(model.TextEncoder!.parameters().First()).all().item<bool>());
    }

    [Fact]
    public void A_token_is_learned_and_its_file_reads()
    {
        const string Token = "<stripes>";
        File.WriteAllText(
            Path.Combine(_images, "metadata.jsonl"),
            File.ReadAllText(Path.Combine(_images, "metadata.jsonl")).Replace("\"a ", $"\"{Token} a ", StringComparison.Ordinal));
        JsonObject settings = Settings("run", "textual_inversion", "embedding");
        settings["tokens"] = new JsonArray(new JsonObject { ["token"] = Token, ["initial_text"] = "bird", ["vectors"] = 2 });
        settings.Set("training.optimizer.learning_rate", 0.1);
        string result = Run("run", settings)!;
        Assert.Equal(Path.Combine(_folder["run"], "model", "stripes.safetensors"), result);
        Falls("run", "textual_inversion", 1);
        Assert.NotEqual(
            Draw(_model.Builder(), $"{Token} bird"), Draw(_model.Builder().UseTextualInversion(result, Token), $"{Token} bird"));
    }

    [Fact]
    public void A_ControlNet_is_trained_on_edges_and_controls()
    {
        JsonObject settings = Settings("run", "controlnet", "folder");
        settings.Set("training.steps", 6);
        settings.Set("validation.every", 6);
        settings.Set("validation.effect_images", 2);
        string result = Run("run", settings)!;
        Assert.Contains(
            "F-score of the edges of 2 images and their control images: ", File.ReadAllText(Path.Combine(_folder["run"], "report.md")),
            StringComparison.Ordinal);
        using DiffusionPipeline pipeline = _model.Builder().UseControlNet(result).Build();
        ImageBuffer black = new(16, 16, new byte[16 * 16 * 3]), white = new(16, 16, Enumerable.Repeat((byte)255, 16 * 16 * 3).ToArray());
        Assert.NotEqual(Controlled(black), Controlled(white));

        byte[] Controlled(ImageBuffer edges)
        {
            var request = new GenerationRequest { Prompt = "a blue bird", Seed = 1, Steps = 2, ControlImages = [edges] };
            return pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
        }
    }

    [Fact]
    public void Images_of_the_class_are_generated_and_trained_on()
    {
        JsonObject settings = Settings("run", "lora", "peft");
        settings["prior"] = new JsonObject { ["prompt"] = "a drawing of a star", ["count"] = 3 };
        settings.Set("data.tags", new JsonObject { ["separator"] = " of ", ["keep_first"] = 1 });
        settings.Set("training.steps", 2);
        settings.Set("validation.effect_images", 2);
        Run("run", settings);
        string report = File.ReadAllText(Path.Combine(_folder["run"], "report.md"));
        Assert.Contains("Kernel distance of 2 generated images to the training images", report, StringComparison.Ordinal);
        Assert.Contains(" with the class prompt.", report, StringComparison.Ordinal);
        Assert.Equal(3, Directory.GetFiles(Path.Combine(_folder["run"], "prior"), "*.png").Length);
        string metrics = File.ReadAllText(Path.Combine(_folder["run"], "metrics.jsonl"));
        Assert.Contains("\"subject\":", metrics, StringComparison.Ordinal);
        Assert.Contains("\"prior\":", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public void A_dry_run_reports_and_writes_nothing()
    {
        using var output = new StringWriter();
        JsonObject settings = Settings("run", "lora", "peft");
        settings.Set("data.mirror", true);
        settings.Set("data.validation", 0);
        DryRun.Write(new SettingsSource(null, settings), output, NullLogger<Trainer>.Instance, TestContext.Current.CancellationToken);
        string report = output.ToString();
        Assert.Contains("images: 12, 2 variants each; held out for validation: 0", report, StringComparison.Ordinal);
        Assert.Contains("  16 x 16: 8", report, StringComparison.Ordinal);
        Assert.Contains("  32 x 8: 4", report, StringComparison.Ordinal);
        // 16 and 8 rows in batches of 4.
        Assert.Contains("steps: 20, 4 images each", report, StringComparison.Ordinal);
        Assert.Contains("epochs: 3.33, 6 batches each", report, StringComparison.Ordinal);
        Assert.Contains("  weights: ", report, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["run"]));
    }

    [Theory]
    [InlineData("data.bucket_step", 9, "data.size is 16; expected a multiple of data.bucket_step, 9")]
    [InlineData("data.validation", 0.01, "too few for data.validation 0.01")]
    [InlineData("output.form", "folder", "output.form is folder, and method is lora; expected peft or kohya")]
    [InlineData("device", "cuda:7", "this machine")]
    [InlineData("model", "nowhere", "'nowhere' is not a model")]
    [InlineData("lora.targets", "to_x", "'to_x' names no linear layer")]
    public void Wrong_settings_are_named(string path, object value, string message)
    {
        JsonObject settings = Settings("run", "lora", "peft");
        settings.Set(path, path == "lora.targets" ? new JsonArray((string)value) : JsonSerializer.SerializeToNode(value));
        Assert.Contains(message, Assert.ThrowsAny<Exception>(() => Run("run", settings)).Message, StringComparison.Ordinal);
    }

    private JsonObject Settings(string run, string method, string form, bool textEncoder = false) => new()
    {
        ["model"] = _model.Folder, ["method"] = method, ["out"] = _folder[run], ["device"] = "cpu",
        ["data"] = new JsonObject { ["path"] = _images, ["size"] = 16, ["bucket_step"] = 8, ["validation"] = 0.3 },
        ["objective"] = new JsonObject { ["batch_size"] = 4, ["train_text_encoder"] = textEncoder },
        ["training"] = new JsonObject
        {
            ["steps"] = 20, ["checkpoint_every"] = 10,
            ["optimizer"] = new JsonObject { ["learning_rate"] = method == "lora" ? 0.02 : 0.003, ["warmup_steps"] = 0 },
        },
        ["validation"] = new JsonObject { ["every"] = 5, ["steps"] = 1, ["images_per_prompt"] = 1 },
        ["output"] = new JsonObject { ["form"] = form },
    };

    private string? Run(string run, JsonObject settings)
    {
        settings["out"] = _folder[run];
        return new FineTuneRun(new SettingsSource(null, settings), Silent(), NullLogger<Trainer>.Instance)
            .Execute(TestContext.Current.CancellationToken);
    }

    private static IAnsiConsole Silent() => AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) });

    private void Falls(string run, string stage, double atMost = 0.98)
    {
        using RunFolder folder = RunFolder.Open(_folder[run]);
        IReadOnlyList<MetricPoint> losses = folder.Read(stage, MetricNames.ValidationLoss);
        Assert.Equal([5, 10, 15, 20], losses.Select(point => point.Step));
        Assert.InRange(losses[^1].Value, 0, atMost * losses[0].Value);
    }

    private static byte[] Draw(DiffusionPipelineBuilder builder, string prompt = "a blue bird")
    {
        using DiffusionPipeline pipeline = builder.Build();
        return pipeline.Generate(new GenerationRequest { Prompt = prompt, Seed = 1, Steps = 2 }).Images[0].Image.Rgb.ToArray();
    }
}
