using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Prompting;

/// <summary>Each family joins what its text encoders return as the published pipeline does.</summary>
public sealed class TextConditioningReferenceTests
{
    private const string File = "conditioning.json";
    private const double Tolerance = 1e-6;

    public static IEnumerable<TheoryDataRow<string>> Cases() =>
        from reference in ReferenceFiles.Read(File)["cases"]!.AsArray() select new TheoryDataRow<string>((string)reference["name"]!);

    [Theory, MemberData(nameof(Cases))]
    public void Texts_are_joined_as_by_the_pipeline(string name)
    {
        JsonNode reference = ReferenceFiles.Read(File)["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
        using DisposeScope scope = NewDisposeScope();
        switch ((string)reference["pipeline"]!)
        {
            case "StableDiffusion3Pipeline": CheckStableDiffusion3(reference); break;
            case "FluxPipeline": CheckFlux(reference); break;
            case "Flux2KleinPipeline": CheckFlux2(reference); break;
            case "ZImagePipeline": CheckZImage(reference); break;
            default: Assert.Fail($"No pipeline is called {reference["pipeline"]}."); break;
        }
    }

    private static void CheckStableDiffusion3(JsonNode reference)
    {
        JsonNode options = reference["options"]!;
        // The pipelines count from the layer before the last, which is 1 here.
        int skip = 1 + ((int?)options["clip_skip"] ?? 0), length = (int)options["max_sequence_length"]!;
        Tensor first = Tower("clip_l"), second = Tower("clip_g");
        Tensor third = (bool)options["t5"]!
            ? Input(reference, "t5/last")
            : SD3Text.WithoutT5(first.shape[0], length, (int)options["joint_attention_dim"]!, first.dtype, CPU);
        Check(SD3Text.Join(first, second, third), reference["output"]!["prompt_embeds"]!);
        Check(SD3Text.Pool(Input(reference, "clip_l/pooled"), Input(reference, "clip_g/pooled")), reference["output"]!["pooled"]!);

        Tensor Tower(string name)
        {
            int states = Names(reference).Count(input => input.Contains($"/{name}/hidden"));
            return Input(reference, $"{name}/hidden{states - 1 - skip}");
        }
    }

    private static void CheckFlux(JsonNode reference)
    {
        Conditioning text = FluxText.Join(Input(reference, "t5/last"), Input(reference, "clip_l/pooled"));
        JsonNode expected = reference["output"]!;
        Check(text.HiddenStates, expected["prompt_embeds"]!);
        Check(text.Pooled!, expected["pooled"]!);
        Assert.Null(text.Mask);
        Check(FluxText.Positions(text.HiddenStates.shape[1]), expected["text_ids"]!);
    }

    private static void CheckFlux2(JsonNode reference)
    {
        int[] layers = reference["options"]!["layers"]!.Deserialize<int[]>()!;
        Assert.Equal(Flux2Text.Klein.Layers, layers);
        Assert.Equal(ChatTemplate.Qwen3WithoutThinking, Flux2Text.Klein.Template);
        Assert.False((bool)reference["chat_template_call"]!["enable_thinking"]!);
        Tensor joined = Qwen3TextEncoder.SideBySide([.. layers.Select(layer => Input(reference, $"hidden{layer}"))]);
        Check(joined, reference["output"]!["prompt_embeds"]!);
        Check(Flux2Text.Positions(joined.shape[1]), reference["output"]!["text_ids"]!);
    }

    private static void CheckZImage(JsonNode reference)
    {
        Assert.Equal([-2], ZImageText.Options.Layers);
        Assert.True((bool)reference["chat_template_call"]!["enable_thinking"]!);
        long[][] rows = reference["attention_mask"]!.Deserialize<long[][]>()!;
        Tensor mask = tensor(rows.SelectMany(row => row).ToArray(), [rows.Length, rows[0].Length]);
        IReadOnlyList<Tensor> prompts = ZImageText.WithoutPadding(Input(reference, Assert.Single(Names(reference)).Split('/')[^1]), mask);
        JsonArray expected = reference["output"]!["prompt_embeds"]!.AsArray();
        Assert.Equal(expected.Count, prompts.Count);
        foreach ((Tensor actual, JsonNode? prompt) in prompts.Zip(expected)) Check(actual, prompt!);
    }

    private static IEnumerable<string> Names(JsonNode reference) => reference["inputs"]!.AsObject().Select(input => input.Key);

    private static Tensor Input(JsonNode reference, string name)
    {
        string full = $"{reference["name"]}/{name}";
        return FormulaWeights.Input(full, reference["inputs"]![full]!.Deserialize<long[]>()!);
    }

    private static void Check(Tensor actual, JsonNode expected)
    {
        double difference = ReferenceFiles.LargestDifference(actual, expected);
        Assert.True(difference <= Tolerance, $"The largest difference is {difference}.");
    }
}
