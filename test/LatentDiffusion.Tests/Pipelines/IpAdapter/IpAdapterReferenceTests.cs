using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>IP-Adapters of U-Nets against the reference figures: the tokens, and the denoiser's output with them.</summary>
[Collection(LiveTensors.Collection)]
public sealed class IpAdapterReferenceTests : IDisposable
{
    private const double Tolerance = 1e-4;

    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        InferenceForm.IsEnabled = true;
        _folder.Dispose();
    }

    public static IEnumerable<TheoryDataRow<string, bool>> Cases() =>
        from reference in ReferenceFiles.Read("ip-adapter.json")["cases"]!.AsArray()
        from inferenceForm in new[] { false, true }
        select new TheoryDataRow<string, bool>((string)reference["name"]!, inferenceForm);

    [Theory, MemberData(nameof(Cases))]
    public void Denoiser_with_an_adapter_agrees_with_the_reference(string name, bool inferenceForm)
    {
        InferenceForm.IsEnabled = inferenceForm;
        JsonNode reference = ReferenceFiles.Read("ip-adapter.json")["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
        using UNetDenoiser denoiser = Denoiser(reference);
        using LoadedIpAdapter adapter = Adapter(reference, denoiser);
        foreach ((string number, JsonNode? layer) in reference["adapter_order"]!.AsObject())
            Assert.Equal((string)layer!, adapter.Layers[int.Parse(number, CultureInfo.InvariantCulture) / 2]);

        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        JsonNode inputs = reference["inputs"]!, output = reference["output"]!;
        Tensor embeds = Input(inputs, "image_embeds");
        (long batch, long images) = (embeds.shape[0], embeds.shape[1]);
        Tensor tokens = adapter.Network.Project(embeds.flatten(0, 1));
        tokens = tokens.view(batch, images, tokens.shape[1], tokens.shape[2]);
        Assert.InRange(ReferenceFiles.LargestDifference(tokens, output["projected"]!), 0, Tolerance);

        Tensor joined = tokens.flatten(1, 2);
        using var text = new Conditioning(Input(inputs, "context"));
        Close(Predict((double)reference["scale"]!), "sample");
        Close(Predict(0), "sample_at_scale_0");
        Assert.Equal(Predict(0).data<float>().ToArray(), Predict(null).data<float>().ToArray());

        Tensor Predict(double? scale)
        {
            DenoiserInput input = DenoiserCalls.Input(Input(inputs, "sample"), 0, text) with
            {
                Timesteps = inputs["timestep"]!.Deserialize<double[]>()!,
            };
            if (scale is not { } given) return denoiser.Predict(input);
            var weight = new IpAdapterWeight { Scale = given, Start = 0, End = 1 };
            var adapted = new IpAdapterInput(adapter, weight, new IpAdapterTokens((int)images, joined, null), Masks: null);
            var added = adapted.Added(joined).ToDictionary(a => a.Layer, IReadOnlyList<AddedContext> (a) => [a.Added]);
            Assert.Equal(given == 0 ? 0 : adapter.Layers.Count, added.Count);
            return denoiser.Predict(input with { AttentionEdits = new AttentionEdits { AddedContext = added } });
        }

        void Close(Tensor actual, string figure) =>
            Assert.InRange(ReferenceFiles.LargestDifference(actual, output[figure]!), 0, Tolerance);
    }

    private static UNetDenoiser Denoiser(JsonNode reference)
    {
        UNet2DConditionModel network = UNet2DConditionConfig.FromJson(reference["config"]!.ToJsonString()).Build();
        FormulaWeights.Fill(network);
        network.eval();
        return new UNetDenoiser(network);
    }

    private LoadedIpAdapter Adapter(JsonNode reference, UNetDenoiser denoiser)
    {
        using DisposeScope scope = NewDisposeScope();
        string file = _folder["adapter.safetensors"];
        SafetensorsWriter.Write(file, reference["adapter_keys"]!.AsObject().Select(
            key => (key.Key, FormulaWeights.Parameter(key.Key, key.Value!.Deserialize<long[]>()!))));
        var choice = new IpAdapterChoice(file, null, new IpAdapterWeight { Scale = 1, Start = 0, End = 1 });
        return LoadedIpAdapter.Open(choice, denoiser.Description, new CheckpointOptions());
    }

    private static Tensor Input(JsonNode inputs, string name) => FormulaWeights.Input(
        (string)inputs[name]!, inputs[$"{name}_shape"]!.Deserialize<long[]>()!);
}
