using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Each network of the reference file, filled by formula, has its parameter names and gives its outputs.</summary>
public class ReferenceNetworkTests
{
    private const double Tolerance = 1e-4;

    public static IEnumerable<TheoryDataRow<string>> Cases(string file) =>
        ReferenceFiles.Read(file)["cases"]!.AsArray().Select(c => new TheoryDataRow<string>((string)c!["name"]!));

    public static IEnumerable<TheoryDataRow<string>> Models() => Cases("models.json");

    public static IEnumerable<TheoryDataRow<string>> Texts() => Cases("clip-text.json");

    [Theory, MemberData(nameof(Models))]
    public void Network_agrees_with_the_reference(string name)
    {
        JsonNode reference = ReferenceFiles.Read("models.json")["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
        using IDisposable noGrad = no_grad();
        using var scope = NewDisposeScope();
        switch ((string)reference["model"]!)
        {
            case "UNet2DConditionModel": CheckUNet(reference); break;
            case "AutoencoderKL": CheckAutoencoder(reference); break;
            default: Assert.Skip("not yet"); break;
        }
    }

    [Theory, MemberData(nameof(Texts))]
    public void Text_tower_agrees_with_the_reference(string name)
    {
        JsonNode reference = ReferenceFiles.Read("clip-text.json")["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
        using IDisposable noGrad = no_grad();
        using var scope = NewDisposeScope();
        ClipTextModel network = ClipTextConfig.FromJson(reference["config"]!.ToJsonString()).Build(projection: true);
        ReferenceFiles.AssertKeys(network, reference["keys"]!.AsObject());
        FormulaWeights.Fill(network);
        long[][] ids = reference["input_ids"]!.Deserialize<long[][]>()!;
        ClipTextOutput output = network.call(tensor(ids.SelectMany(row => row).ToArray(), [ids.Length, ids[0].Length]));
        JsonNode expected = reference["output"]!;
        Check(output.LastHiddenState, expected["last_hidden_state"]!);
        Check(output.PenultimateHiddenState, expected["penultimate_hidden_state"]!);
        Check(network.Normalize(output.PenultimateHiddenState), expected["penultimate_with_final_norm"]!);
        Check(output.Pooled, expected["pooled"]!);
        Check(output.Projected!, expected["text_embeds"]!);
    }

    private static void CheckUNet(JsonNode reference)
    {
        UNet2DConditionModel network = UNet2DConditionConfig.FromJson(reference["config"]!.ToJsonString()).Build();
        ReferenceFiles.AssertKeys(network, reference["keys"]!.AsObject());
        FormulaWeights.Fill(network);
        JsonNode inputs = reference["inputs"]!;
        double[][]? timeIds = inputs["time_ids"]?.Deserialize<double[][]>();
        Tensor output = network.call(new UNetInput(
            Input(inputs, "sample"), tensor(inputs["timestep"]!.Deserialize<long[]>()!), Input(inputs, "context"))
        {
            TextEmbeds = inputs["text_embeds"] is null ? null : Input(inputs, "text_embeds"),
            TimeIds = timeIds is null ? null : tensor(timeIds.SelectMany(r => r).Select(v => (float)v).ToArray(), [timeIds.Length, timeIds[0].Length]),
        });
        Check(output, reference["output"]!);
    }

    private static void CheckAutoencoder(JsonNode reference)
    {
        AutoencoderKL network = AutoencoderKLConfig.FromJson(reference["config"]!.ToJsonString()).Build();
        ReferenceFiles.AssertKeys(network, reference["keys"]!.AsObject());
        FormulaWeights.Fill(network);
        JsonNode expected = reference["output"]!;
        (Tensor mean, Tensor logVariance) = network.Encode(Input(reference["inputs"]!, "image"));
        Check(mean, expected["mean"]!);
        Check(logVariance, expected["logvar"]!);
        Check(network.Decode(mean), expected["decoded"]!);
    }

    private static Tensor Input(JsonNode inputs, string name) => FormulaWeights.Input(
        (string)inputs[name]!, inputs[$"{name}_shape"]!.Deserialize<long[]>()!,
        inputs["clamp"] is { } clamp ? (double)clamp[1]! : double.PositiveInfinity);

    private static void Check(Tensor actual, JsonNode expected)
    {
        double difference = ReferenceFiles.LargestDifference(actual, expected);
        Assert.True(difference <= Tolerance, $"largest difference {difference}");
    }
}
