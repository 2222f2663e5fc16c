using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Each text encoder of the reference file, filled by formula, has its parameter names and gives its hidden states.</summary>
public sealed class TextEncoderReferenceTests(ITestOutputHelper output)
{
    private const string File = "text-encoders.json";
    private const double Tolerance = 1e-4;

    public static IEnumerable<TheoryDataRow<string, bool>> Cases() =>
        from reference in ReferenceFiles.Read(File)["cases"]!.AsArray()
        from inferenceForm in new[] { false, true }
        select new TheoryDataRow<string, bool>((string)reference["name"]!, inferenceForm);

    [Theory, MemberData(nameof(Cases))]
    public void Hidden_states_agree_with_the_reference(string name, bool inferenceForm)
    {
        InferenceForm.IsEnabled = inferenceForm;
        JsonNode reference = ReferenceFiles.Read(File)["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
        using IDisposable noGrad = no_grad();
        using var scope = NewDisposeScope();
        switch ((string)reference["model"]!)
        {
            case "T5EncoderModel": CheckT5(reference); break;
            case "Qwen3ForCausalLM" or "Qwen3Model": CheckQwen3(reference); break;
            default: Assert.Fail($"No text encoder is called {reference["model"]}."); break;
        }
    }

    private void CheckT5(JsonNode reference)
    {
        using T5EncoderModel network = T5Config.FromJson(reference["config"]!.ToJsonString()).Build();
        Prepare(network, reference);
        Check(network.call(Ids(reference), Mask(reference)), reference["output"]!["last_hidden_state"]!);
        Check(network.FirstHiddenState(Ids(reference), Mask(reference)), reference["output"]!["first_block"]!);
    }

    private void CheckQwen3(JsonNode reference)
    {
        Qwen3Config config = Qwen3Config.FromJson(reference["config"]!.ToJsonString());
        using Qwen3Model network = config.Build();
        Prepare(network, reference);
        JsonArray expected = reference["output"]!["hidden_states"]!.AsArray();
        IReadOnlyList<Tensor> states = network.HiddenStates(
            Ids(reference), Mask(reference), [.. Enumerable.Range(0, expected.Count)]);
        foreach ((Tensor actual, JsonNode? state) in states.Zip(expected)) Check(actual, state!);
        if (reference["output"]!["logits_last_token"] is not { } logits) return;
        // The head that predicts tokens is the table of embeddings.
        Tensor table = network.state_dict()["model.embed_tokens.weight"];
        Check(states[^1].select(1, -1).matmul(table.t()), logits);
    }

    private static void Prepare(torch.nn.Module network, JsonNode reference)
    {
        ReferenceFiles.AssertKeys(network, reference["keys"]!.AsObject());
        FormulaWeights.Fill(network);
        network.eval();
    }

    private static Tensor Ids(JsonNode reference) => Numbers(reference["input_ids"]!);

    private static Tensor? Mask(JsonNode reference) => reference["attention_mask"] is { } mask ? Numbers(mask) : null;

    private static Tensor Numbers(JsonNode rows)
    {
        long[][] numbers = rows.Deserialize<long[][]>()!;
        return tensor(numbers.SelectMany(row => row).ToArray(), [numbers.Length, numbers[0].Length]);
    }

    private void Check(Tensor actual, JsonNode expected)
    {
        double difference = ReferenceFiles.LargestDifference(actual, expected);
        output.WriteLine($"largest difference {difference:0.0e+0} of {Tolerance:0.0e+0}");
        Assert.True(difference <= Tolerance, $"The largest difference is {difference}.");
    }
}
