using System.Text.Json;
using System.Text.Json.Nodes;
using FineTune;
using Xunit;

namespace LatentDiffusion.Tests.Samples;

/// <summary>The settings of the fine-tuning program: files, command lines and what they override.</summary>
public sealed class FineTuneSettingsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_command_line_overrides_the_file_and_the_file_the_method()
    {
        string file = Write("""
            {
              "model": "a", "data": { "path": "b" }, "training": { "steps": 7, "optimizer": { "beta1": 0.8 } },
              "objective": { "weighting": { "kind": "p2", "k": 2 } }
            }
            """);
        FineTuneSettings settings = Read(file, ["--steps", "9", "--min-snr", "4", "--mirror", "--prompt", "x", "--prompt", "y"]);
        OptimizerOptions optimizer = settings.Training.Optimizer;
        Assert.Equal((9, 0.8, 0.0001), (settings.Training.Steps, optimizer.Beta1, optimizer.LearningRate));
        Assert.Equal(new MinSnrWeighting { Gamma = 4 }, settings.Objective.Weighting);
        Assert.Equal((FineTuneMethod.Lora, 16, "a", true), (settings.Method, settings.Lora!.Rank, settings.Model, settings.Data.Mirror));
        Assert.Equal(["x", "y"], settings.Validation.Prompts);
        Assert.Equal(1e-5, Read(file, ["--method", "full", "--form", "folder"]).Training.Optimizer.LearningRate);
    }

    [Theory, InlineData("lora"), InlineData("full"), InlineData("controlnet")]
    public void Adafactor_replaces_the_optimizer_of_every_method(string method)
    {
        FineTuneSettings settings = Read(null, ["--model", "a", "--data", "b", "--method", method, "--optimizer", "adafactor"]);
        Assert.Equal(OptimizerAlgorithm.Adafactor, settings.Training.Optimizer.Algorithm);
    }

    [Fact]
    public void One_image_does_not_measure_an_effect() => Assert.Contains(
        "validation.effect_images is 1; expected 0, or at least 2",
        Assert.Throws<ArgumentException>(() => Read(null, ["--model", "a", "--data", "b", "--effect-images", "1"])).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Settings_of_the_model_are_below_those_of_the_file()
    {
        string file = Write("""{ "model": "a", "data": { "path": "b" }, "objective": { "flow_time_shift": 2 } }""");
        JsonObject model = JsonNode.Parse("""{ "objective": { "flow_time_shift": 3, "guidance_scale": 1 } }""")!.AsObject();
        var options = new CommandLine();
        DenoiserTrainingOptions objective = options.Read(options.Command.Parse(["--config", file])).Read(model).Objective;
        Assert.Equal((2, 1, 0.1), (objective.FlowTimeShift, objective.GuidanceScale, objective.CaptionDropout));
    }

    [Theory]
    [InlineData("""{ "surprise": 1 }""", "surprise is not a setting")]
    [InlineData("""{ "lora": { "rank": 0 } }""", "lora.rank is 0; expected at least 1 and at most 4096.")]
    [InlineData("""{ "objective": { "caption_dropout": 2 } }""", "objective.caption_dropout is 2; expected at least 0 and less than 1.")]
    [InlineData("""{ "training": { "steps": "many" } }""", "training.steps is \"many\"; expected a whole number.")]
    [InlineData(
        """{ "training": { "precision": "float8" } }""", "training.precision is \"float8\"; expected float32 or bfloat16 or float16.")]
    [InlineData("""{ "objective": { "prediction_type": "epsilon" } }""", "objective.prediction_type is not a setting")]
    [InlineData("""{ "method": "magic" }""", "method is \"magic\"; expected lora or full")]
    [InlineData("[1]", "is not a JSON object")]
    [InlineData("{", "cannot be read")]
    public void Wrong_files_are_named_with_the_value(string json, string message)
    {
        string file = Write(json);
        string refused = Assert.Throws<InvalidDataException>(() => Read(file, ["--model", "a", "--data", "b"])).Message;
        Assert.Contains(file, refused, StringComparison.Ordinal);
        Assert.Contains(message, refused, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("No model is given", "--data", "b")]
    [InlineData("No images are given", "--model", "a")]
    [InlineData("data.path is empty", "--model", "a", "--data", "")]
    [InlineData("lora.rank is 0; expected at least 1", "--model", "a", "--data", "b", "--rank", "0")]
    [InlineData("objective.weighting.gamma is -1", "--model", "a", "--data", "b", "--min-snr", "-1")]
    [InlineData("and method is full; expected lora", "--model", "a", "--data", "b", "--method", "full", "--rank", "4", "--form", "folder")]
    [InlineData("output.form is peft, and method is full", "--model", "a", "--data", "b", "--method", "full", "--form", "peft")]
    public void Wrong_command_lines_are_refused(string message, params string[] arguments) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => Read(null, arguments)).Message, StringComparison.Ordinal);

    [Fact]
    public void The_schema_has_the_ranges_and_lists_all_settings()
    {
        JsonNode schema = JsonNode.Parse(SettingsSchema.Create())!;
        Assert.Equal(1, (int)schema["properties"]!["lora"]!["properties"]!["rank"]!["minimum"]!);
        Assert.Equal(1, (int)schema["properties"]!["objective"]!["properties"]!["caption_dropout"]!["exclusiveMaximum"]!);
        // Whatever a run writes into its configuration is known to the schema.
        FineTuneSettings settings = Read(null, ["--model", "a", "--data", "b", "--min-snr", "5"]);
        Known(JsonSerializer.SerializeToNode(settings, SettingsJson.Options)!.AsObject(), schema, "");

        static void Known(JsonObject settings, JsonNode schema, string place)
        {
            foreach ((string name, JsonNode? value) in settings)
            {
                JsonNode? property = schema["properties"]?[name];
                Assert.True(property is not null || schema["anyOf"] is not null, place + name);
                if (value is JsonObject inner && property?["properties"] is not null) Known(inner, property, $"{place}{name}.");
            }
        }
    }

    private string Write(string json)
    {
        File.WriteAllText(_folder["settings.json"], json);
        return _folder["settings.json"];
    }

    private static FineTuneSettings Read(string? file, string[] arguments)
    {
        var options = new CommandLine();
        return options.Read(options.Command.Parse(file is null ? arguments : ["--config", file, .. arguments])).Read();
    }
}
