using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Reference;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>Each transformer of the reference file, filled by formula, has its parameter names and gives its outputs.</summary>
public class TransformerReferenceTests
{
    private const string File = "transformers.json";

    private const double Tolerance = 1e-4;

    public static IEnumerable<TheoryDataRow<string, bool>> Cases() =>
        from reference in ReferenceFiles.Read(File)["cases"]!.AsArray()
        from inferenceForm in new[] { false, true }
        select new TheoryDataRow<string, bool>((string)reference["name"]!, inferenceForm);

    [Theory, MemberData(nameof(Cases))]
    public void Transformer_agrees_with_the_reference(string name, bool inferenceForm)
    {
        JsonNode reference = ReferenceFiles.Read(File)["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
        string model = (string)reference["model"]!;
        Assert.SkipWhen(ReferenceTransformer.Absent.Contains(model), $"The library does not have {model}.");
        ReferenceTransformer type = ReferenceTransformer.All[model];
        InferenceForm.IsEnabled = inferenceForm;
        using IDisposable noGrad = no_grad();
        using var scope = NewDisposeScope();
        using nn.Module network = type.Build(reference["config"]!.ToJsonString(), null);
        ReferenceFiles.AssertKeys(network, reference["keys"]!.AsObject());
        FormulaWeights.Fill(network);
        network.eval();

        IReadOnlyList<Tensor> outputs = type.Evaluate(network, reference["inputs"]!);
        JsonNode[] expected = reference["output"] is JsonArray list ? [.. list!] : [reference["output"]!];
        Assert.Equal(expected.Length, outputs.Count);
        foreach ((Tensor output, JsonNode values) in outputs.Zip(expected))
        {
            double difference = ReferenceFiles.LargestDifference(output, values);
            TestContext.Current.TestOutputHelper?.WriteLine($"{name}: {difference:e1}");
            Assert.True(difference <= Tolerance, $"The largest difference is {difference:e1}.");
        }
    }
}
