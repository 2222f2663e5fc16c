using System.Text.Json.Nodes;
using FineTune;
using LatentDiffusion.Tests.Families;
using LatentDiffusion.Tests.Pipelines;
using Microsoft.Extensions.Logging.Abstractions;
using Spectre.Console;
using Xunit;

namespace LatentDiffusion.Tests.Samples;

/// <summary>The fine-tuning program with models of each family.</summary>
public sealed class FineTuneFamilyTests(TransformerFolders transformers, FamilyFolders unets)
    : IClassFixture<TransformerFolders>, IClassFixture<FamilyFolders>, IDisposable
{
    private const string Prompt = "a blue bird";

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Names => [.. TransformerFolders.Names, "xl", "sd2"];

    [Theory, MemberData(nameof(Names))]
    public void Adapters_of_every_family_change_images(string family)
    {
        string model = TransformerFolders.Names.Contains(family) ? transformers[family] : unets[family];
        var settings = new JsonObject
        {
            ["model"] = model, ["out"] = _folder["run"], ["device"] = "cpu",
            ["data"] = new JsonObject { ["path"] = TinyImages.Write(_folder["images"]), ["size"] = 32, ["bucket_step"] = 32 },
            ["objective"] = new JsonObject { ["batch_size"] = 2 },
            ["training"] = new JsonObject
            {
                ["steps"] = 2, ["optimizer"] = new JsonObject { ["learning_rate"] = 0.1, ["warmup_steps"] = 0 },
            },
            ["validation"] = new JsonObject
            {
                ["images_per_prompt"] = 1, ["steps"] = 1, ["prompts"] = new JsonArray(Prompt), ["guidance_scale"] = 1,
            },
        };
        string result = new FineTuneRun(
            new SettingsSource(null, settings),
            AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(TextWriter.Null) }), NullLogger<Trainer>.Instance)
            .Execute(TestContext.Current.CancellationToken)!;
        Assert.NotEqual(Draw(null), Draw(result));

        byte[] Draw(string? adapters)
        {
            DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModelFolder(model);
            if (adapters is not null) builder.UseLora(adapters);
            using DiffusionPipeline pipeline = builder.Build();
            var request = new GenerationRequest { Prompt = Prompt, Seed = 1, Steps = 1, Width = 32, Height = 32, GuidanceScale = 1 };
            return pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
        }
    }

    public void Dispose() => _folder.Dispose();
}
