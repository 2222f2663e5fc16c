using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Each network of the reference file, filled by formula, has its parameter names and gives its outputs.</summary>
public class ReferenceNetworkTests
{
    // Of the outputs' root mean square; the largest that was seen is 1.2e-5. Other processors sum in another order.
    private const double Tolerance = 3e-5;

    public static IEnumerable<TheoryDataRow<string, bool>> Cases(string file) =>
        from reference in ReferenceFiles.Read(file)["cases"]!.AsArray()
        from inferenceForm in new[] { false, true }
        select new TheoryDataRow<string, bool>((string)reference["name"]!, inferenceForm);

    public static IEnumerable<TheoryDataRow<string, bool>> Models() => Cases("models.json");

    public static IEnumerable<TheoryDataRow<string, bool>> Texts() => Cases("clip-text.json");

    [Theory, MemberData(nameof(Models))]
    public void Network_agrees_with_the_reference(string name, bool inferenceForm)
    {
        InferenceForm.IsEnabled = inferenceForm;
        JsonNode reference = ReferenceFiles.Read("models.json")["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
        using IDisposable noGrad = no_grad();
        using var scope = NewDisposeScope();
        switch ((string)reference["model"]!)
        {
            case "UNet2DConditionModel": CheckUNet(reference); break;
            case "AutoencoderKL": CheckAutoencoder(reference); break;
            case "AutoencoderTiny": CheckTiny(reference); break;
            case "VQModel": CheckVQ(reference); break;
            case "ControlNetModel": CheckControlNet(reference); break;
            default: Assert.Fail($"No network is called {reference["model"]}."); break;
        }
    }

    [Theory, MemberData(nameof(Texts))]
    public void Text_tower_agrees_with_the_reference(string name, bool inferenceForm)
    {
        InferenceForm.IsEnabled = inferenceForm;
        JsonNode reference = ReferenceFiles.Read("clip-text.json")["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
        using IDisposable noGrad = no_grad();
        using var scope = NewDisposeScope();
        ClipTextModel network = ClipTextConfig.FromJson(reference["config"]!.ToJsonString()).Build(projection: true);
        Prepare(network, reference);
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
        Prepare(network, reference);
        Check(network.call(UNetInput(reference["inputs"]!)), reference["output"]!);
    }

    /// <summary>What guidance evaluates: the same samples with two texts, of which everything before the texts is computed once.</summary>
    [Theory, MemberData(nameof(Models))]
    public void Repeated_samples_agree_with_single_ones(string name, bool inferenceForm)
    {
        InferenceForm.IsEnabled = inferenceForm;
        JsonNode reference = ReferenceFiles.Read("models.json")["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
        if ((string)reference["model"]! != "UNet2DConditionModel") return;
        using IDisposable noGrad = no_grad();
        using var scope = NewDisposeScope();
        UNet2DConditionModel network = UNet2DConditionConfig.FromJson(reference["config"]!.ToJsonString()).Build();
        Prepare(network, reference);
        UNetInput given = UNetInput(reference["inputs"]!), one = First(given), other = one with { HiddenStates = one.HiddenStates.flip(1) };
        Tensor expected = cat([network.call(one), network.call(other)]), found = network.call(new UNetInput(
            Twice(one.Sample)!, one.Timesteps, cat([one.HiddenStates, other.HiddenStates]))
        {
            Mask = Twice(one.Mask), ClassLabels = Twice(one.ClassLabels), TextEmbeds = Twice(one.TextEmbeds),
            TimeIds = Twice(one.TimeIds), TimestepCondition = Twice(one.TimestepCondition),
        });
        double scale = expected.square().mean().sqrt().item<float>();
        Assert.InRange((found - expected).abs().max().item<float>() / scale, 0, Tolerance);

        static Tensor? Twice(Tensor? x) => x is null ? null : cat([x, x]);

        static UNetInput First(UNetInput all) => new(Row(all.Sample)!, Row(all.Timesteps)!, Row(all.HiddenStates)!)
        {
            Mask = Row(all.Mask), ClassLabels = Row(all.ClassLabels), TextEmbeds = Row(all.TextEmbeds), TimeIds = Row(all.TimeIds),
            TimestepCondition = Row(all.TimestepCondition),
        };

        static Tensor? Row(Tensor? x) => x?.narrow(0, 0, 1);
    }

    private static void CheckControlNet(JsonNode reference)
    {
        ControlNetModel network = ControlNetConfig.FromJson(reference["config"]!.ToJsonString()).Build();
        Prepare(network, reference);
        JsonNode inputs = reference["inputs"]!, expected = reference["output"]!;
        ControlNetOutput output = network.call(new ControlNetInput(UNetInput(inputs), Input(inputs, "hint"))
        {
            ConditioningScale = (double?)inputs["conditioning_scale"] ?? 1,
            GuessMode = (bool?)inputs["guess_mode"] ?? false,
        });
        Assert.Equal(expected["down"]!.AsArray().Count, output.DownResiduals.Count);
        foreach ((Tensor residual, JsonNode? down) in output.DownResiduals.Zip(expected["down"]!.AsArray())) Check(residual, down!);
        Check(output.MiddleResidual, expected["mid"]!);
    }

    private static void CheckTiny(JsonNode reference)
    {
        AutoencoderTiny network = AutoencoderTinyConfig.FromJson(reference["config"]!.ToJsonString()).Build();
        Prepare(network, reference);
        Tensor latents = network.Encode(Input(reference["inputs"]!, "image"));
        Check(latents, reference["output"]!["latents"]!);
        Check(network.Decode(latents), reference["output"]!["decoded"]!);
    }

    private static void CheckVQ(JsonNode reference)
    {
        VQModel network = VQConfig.FromJson(reference["config"]!.ToJsonString()).Build();
        Prepare(network, reference);
        Tensor latents = network.Encode(Input(reference["inputs"]!, "image"));
        Check(latents, reference["output"]!["latents"]!);
        Check(network.Decode(latents), reference["output"]!["decoded"]!);
    }

    private static void Prepare(torch.nn.Module network, JsonNode reference)
    {
        ReferenceFiles.AssertKeys(network, reference["keys"]!.AsObject());
        FormulaWeights.Fill(network);
        network.eval();
    }

    private static UNetInput UNetInput(JsonNode inputs) => new(
        Input(inputs, "sample"), Numbers(inputs["timestep"]!), Input(inputs, "context"))
    {
        TextEmbeds = Optional(inputs, "text_embeds"),
        TimeIds = Optional(inputs, "time_ids"),
        ClassLabels = Optional(inputs, "class_labels"),
        TimestepCondition = Optional(inputs, "timestep_cond"),
    };

    /// <summary>A named input, or numbers as they stand; null if the input is missing.</summary>
    private static Tensor? Optional(JsonNode inputs, string name) => inputs[name] switch
    {
        null => null,
        JsonArray numbers => Numbers(numbers),
        _ => Input(inputs, name),
    };

    private static Tensor Numbers(JsonNode node)
    {
        if (node is not JsonArray { Count: > 0 } array) return tensor(new[] { (double)node }).to(ScalarType.Float32);
        if (array[0] is JsonArray) return stack([.. array.Select(row => Numbers(row!))]);
        double[] values = array.Deserialize<double[]>()!;
        return values.All(double.IsInteger) && array.All(v => !v!.ToJsonString().Contains('.'))
            ? tensor(values.Select(v => (long)v).ToArray())
            : tensor(values).to(ScalarType.Float32);
    }

    private static void CheckAutoencoder(JsonNode reference)
    {
        AutoencoderKL network = AutoencoderKLConfig.FromJson(reference["config"]!.ToJsonString()).Build();
        Prepare(network, reference);
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
        using Tensor reference = ReferenceFiles.Tensor(expected);
        double spread = reference.square().mean().sqrt().item<float>();
        Assert.True(difference <= Tolerance * spread, $"largest difference {difference} of values with a root mean square of {spread}");
    }
}
