using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Networks;

/// <summary>CLIP's vision tower against the reference figures, under the names of every file it is published in.</summary>
[Collection(Pipelines.LiveTensors.Collection)]
public sealed class ClipVisionTests : IDisposable
{
    private const double Tolerance = 1e-4;

    private static readonly JsonObject s_figures = ReferenceFiles.Read("clip-vision.json");

    private readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        InferenceForm.IsEnabled = true;
        _folder.Dispose();
    }

    public static IEnumerable<TheoryDataRow<string, bool>> Cases() =>
        from reference in s_figures["cases"]!.AsArray()
        from inferenceForm in new[] { false, true }
        select new TheoryDataRow<string, bool>((string)reference["name"]!, inferenceForm);

    [Theory, MemberData(nameof(Cases))]
    public void Tower_agrees_with_the_reference(string name, bool inferenceForm)
    {
        InferenceForm.IsEnabled = inferenceForm;
        JsonNode reference = Case(name);
        using ClipVisionModel network = Make(reference);
        Check(network, reference);
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_folder_is_read(string name, bool isWholeClip)
    {
        JsonNode reference = Case(name);
        // One made in code, as one that was read is written as it was read.
        using (ClipVisionModel network = Make(reference, c => c with { Source = null }))
            DiffusersFolder.WriteNetwork(network, _folder["tower"]);
        string config = _folder["tower/config.json"], weights = _folder["tower/model.safetensors"];
        Assert.Contains("CLIPVisionModelWithProjection", File.ReadAllText(config), StringComparison.Ordinal);
        if (isWholeClip)
        {
            JsonObject vision = reference["config"]!.DeepClone().AsObject();
            JsonNode projection = vision["projection_dim"]!.DeepClone();
            vision.Remove("projection_dim");
            var whole = new JsonObject
            {
                ["architectures"] = new JsonArray("CLIPModel"), ["model_type"] = "clip", ["projection_dim"] = projection,
                ["text_config"] = new JsonObject { ["hidden_size"] = 8 }, ["vision_config"] = vision,
            };
            File.WriteAllText(config, whole.ToJsonString());
            Rewrite(weights, tensors => [.. tensors, ("logit_scale", zeros([])), ("text_model.final_layer_norm.bias", zeros(8)),
                ("vision_model.embeddings.position_ids", zeros([1, 17], ScalarType.Int64))]);
        }

        using ClipVisionModel read = ClipVisionReader.Read(_folder["tower"], new CheckpointOptions());
        Check(read, reference);
    }

    [Theory, MemberData(nameof(Cases))]
    public void A_file_is_read_with_names_of_both_libraries(string name, bool original)
    {
        JsonNode reference = Case(name);
        int heads = (int)reference["config"]!["num_attention_heads"]!;
        // The number of heads and the activation, which no shape shows, are those of published widths.
        using ClipVisionModel expected = Make(reference, c => c with { NumAttentionHeads = 1, HiddenAct = "quick_gelu" });
        Assert.NotEqual(1, heads);
        string file = _folder["tower.safetensors"];
        StateDict.Save(expected, file);
        if (original) Rewrite(file, tensors => [.. Original(tensors), ("logit_scale", ones([])), ("positional_embedding", zeros(7, 8))]);
        using ClipVisionModel read = ClipVisionReader.Read(file, new CheckpointOptions());
        Assert.Equal(expected.Config with { Source = null }, read.Config);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Tensor pixels = Pixels(reference), embeds = expected.call(pixels).Projected;
        Assert.True(embeds.allclose(read.call(pixels).Projected, rtol: 1e-5, atol: 1e-6));
    }

    [Fact]
    public void Published_widths_have_their_heads_and_activation()
    {
        (long Width, long Tokens, long Patch, int Heads, string Activation, int Size)[] published =
        [
            (768, 50, 32, 12, "quick_gelu", 224), (1024, 257, 14, 16, "quick_gelu", 224), (1024, 577, 14, 16, "quick_gelu", 336),
            (1280, 257, 14, 16, "gelu", 224), (1664, 257, 14, 16, "gelu", 224),
        ];
        foreach ((long width, long tokens, long patch, int heads, string activation, int size) in published)
        {
            RawSafetensors.Write(_folder["a.safetensors"], [
                ("vision_model.embeddings.patch_embedding.weight", [width, 0, patch, patch], "F32", []),
                ("vision_model.embeddings.position_embedding.weight", [tokens, 0], "F32", []),
                ("vision_model.encoder.layers.0.mlp.fc1.weight", [4 * width, 0], "F32", []),
                ("visual_projection.weight", [512, 0], "F32", []),
            ]);
            using ITensorSource file = Checkpoint.Open(_folder["a.safetensors"]);
            ClipVisionConfig config = ClipVisionReader.Infer(file);
            Assert.Equal(
                (heads, activation, size, 512), (config.NumAttentionHeads, config.HiddenAct, config.ImageSize, config.ProjectionDim));
        }
    }

    [Fact]
    public void What_does_not_fit_is_named()
    {
        JsonNode reference = Case((string)s_figures["cases"]![0]!["name"]!);
        using ClipVisionModel network = Make(reference);
        string file = _folder["tower.safetensors"];
        StateDict.Save(network, file);
        Rewrite(file, tensors => [.. tensors.Where(t => t.Name != "visual_projection.weight")]);
        Assert.Equal(["visual_projection.weight"], Refused().Missing);
        StateDict.Save(network, file);
        Rewrite(file, tensors => [.. tensors.Where(t => t.Name != "vision_model.post_layernorm.bias"), ("vision_model.other", zeros(1))]);
        CheckpointException e = Refused();
        Assert.Equal(["vision_model.post_layernorm.bias"], e.Missing);
        Assert.Equal(["vision_model.other"], e.Unexpected);
        using DisposeScope scope = NewDisposeScope();
        Assert.Contains("expected [batch, 3, ", Assert.Throws<ArgumentException>(() => network.call(zeros(1, 3, 8, 8))).Message);
        Assert.Throws<NotSupportedException>(() => Make(reference, c => c with { NumChannels = 4 }));
        Assert.Throws<ArgumentException>(() => Make(reference, c => c with { PatchSize = 1000 }));

        CheckpointException Refused() =>
            Assert.Throws<CheckpointException>(() => ClipVisionReader.Read(file, new CheckpointOptions()));
    }

    private static JsonNode Case(string name) => s_figures["cases"]!.AsArray().Single(c => (string)c!["name"]! == name)!;

    private static ClipVisionModel Make(JsonNode reference, Func<ClipVisionConfig, ClipVisionConfig>? change = null)
    {
        var config = ClipVisionConfig.FromJson(reference["config"]!.ToJsonString());
        var network = new ClipVisionModel(change?.Invoke(config) ?? config, LayerFactory.Uninitialized(CPU, ScalarType.Float32));
        ReferenceFiles.AssertKeys(network, reference["keys"]!.AsObject());
        FormulaWeights.Fill(network);
        network.eval();
        return network;
    }

    private static void Check(ClipVisionModel network, JsonNode reference)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Tensor pixels = Pixels(reference);
        ClipVisionOutput output = network.call(pixels);
        JsonNode expected = reference["output"]!;
        Close(output.Projected, "image_embeds");
        Close(output.LastHiddenState, "last_hidden_state");
        Close(output.PenultimateHiddenState, "penultimate_hidden_state");
        Close(output.Pooled, "pooled");
        Close(network.PenultimateHiddenState(pixels), "penultimate_hidden_state");

        void Close(Tensor actual, string name) =>
            Assert.InRange(ReferenceFiles.LargestDifference(actual, expected[name]!), 0, Tolerance);
    }

    private static Tensor Pixels(JsonNode reference)
    {
        JsonNode inputs = reference["inputs"]!;
        return FormulaWeights.Input((string)inputs["image"]!, inputs["image_shape"]!.Deserialize<long[]>()!);
    }

    /// <summary>The tensors under the names of openai/CLIP, as the reference file lists them.</summary>
    private static List<(string Name, Tensor Tensor)> Original(IReadOnlyList<(string Name, Tensor Tensor)> tensors)
    {
        const string Joined = "in_proj_";
        var result = new List<(string, Tensor)>();
        Dictionary<string, Tensor> left = tensors.ToDictionary(t => t.Name, t => t.Tensor);
        int layers = left.Keys.Count(n => n.EndsWith(".layer_norm1.weight", StringComparison.Ordinal));
        foreach ((string originals, JsonNode? ours) in s_figures["openai_clip"]!["names"]!.AsObject())
        {
            foreach (int n in Enumerable.Range(0, originals.Contains(".N.") ? layers : 1))
            foreach (string suffix in originals.Contains('*') || originals.Contains(Joined) ? new[] { "weight", "bias" } : [""])
            {
                string original = originals.Split(' ')[0].Replace(".N.", $".{n}.").Replace("*", suffix);
                string name = ((string)ours!).Replace(".N.", $".{n}.").Replace("*", suffix).Replace("{weight,bias}", suffix);
                if (originals.Contains(Joined))
                {
                    Tensor[] parts = [.. "qkv".Select(c => Take(name.Replace("{q,k,v}", $"{c}")))];
                    result.Add((original.Replace(Joined + "weight", Joined + suffix), cat(parts)));
                }
                else
                {
                    Tensor tensor = Take(name);
                    result.Add((original, originals.Contains("(transposed)") ? tensor.t().contiguous() : tensor));
                }
            }
        }

        Assert.Empty(left);
        return result;

        Tensor Take(string name) => left.Remove(name, out Tensor? tensor) ? tensor : throw new KeyNotFoundException(name);
    }

    private static void Rewrite(
        string file, Func<IReadOnlyList<(string Name, Tensor Tensor)>, IReadOnlyList<(string Name, Tensor Tensor)>> change)
    {
        using DisposeScope scope = NewDisposeScope();
        List<(string, Tensor)> tensors = [];
        using (ITensorSource source = Checkpoint.Open(file))
            foreach (TensorEntry entry in source.Entries) tensors.Add((entry.Name, source.Read(entry.Name)));
        SafetensorsWriter.Write(file, change(tensors));
    }
}
