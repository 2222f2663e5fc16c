using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Folders as diffusers' ControlNet pipelines are saved: with a component <c>controlnet</c>, of one or of several.</summary>
[Collection(LiveTensors.Collection)]
public sealed class OwnControlNetTests(FamilyFolders families) : IClassFixture<FamilyFolders>, IDisposable
{
    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a", Seed = 3, Steps = 2, Width = TaskImages.Width,
        Height = TaskImages.Height, ControlImages = [TaskImages.Image, TaskImages.Mask],
    };

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("sd1", 1, "ControlNetModel")]
    [InlineData("sd1", 3, "MultiControlNetModel")]
    [InlineData("xl", 2, "MultiControlNetModel")]
    public void A_folder_read_and_written_is_the_same_folder(string family, int count, string className)
    {
        TinyControlNets.WriteModel(_folder["a"], family, count);
        JsonNode index = JsonNode.Parse(File.ReadAllText(Path.Combine(_folder["a"], "model_index.json")))!;
        Assert.Equal(["diffusers", className], index["controlnet"]!.AsArray().Select(n => (string)n!));
        Assert.Null(index["controlnet_1"]);
        string[] expected = ["controlnet", "controlnet_1", "controlnet_2"];
        Assert.Equal(
            expected[..count],
            Directory.GetDirectories(_folder["a"], "controlnet*").Select(Path.GetFileName).Order(StringComparer.Ordinal));

        using (DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(_folder["a"], CPU).Build())
        {
            Assert.Equal(count, pipeline.Model!.Components!.ControlNets.Count);
            pipeline.Model.Save(_folder["b"]);
        }

        ModelAssert.SameFiles(_folder["a"], _folder["b"]);
        if (count > 1) Assert.NotEqual(Weights("a", "controlnet"), Weights("a", "controlnet_1"));
    }

    [Fact]
    public void A_folder_that_is_written_over_has_none_of_the_old()
    {
        TinyControlNets.WriteModel(_folder["a"], "sd1", 3);
        TinyControlNets.WriteModel(_folder["a"], "sd1", 2);
        using ModelComponents read = DiffusersFolder.Read(_folder["a"]);
        Assert.Equal(2, read.ControlNets.Count);
        Assert.Equal(2, Directory.GetDirectories(_folder["a"], "controlnet*").Length);
    }

    [Fact]
    public void They_control_as_those_handed_to_the_builder()
    {
        TinyControlNets.WriteModel(_folder["two"], "sd1", 2);
        TinyControlNets.WriteModel(_folder["one"], "sd1", 1);
        TinyControlNets.Write(_folder["first"], "sd1", 0);
        TinyControlNets.Write(_folder["second"], "sd1", 1);
        double[] scales = [0.7, 1.2];
        ControlWeight[] weights = [.. scales.Select(s => new ControlWeight { Scale = s })];
        byte[] handed = Draw(
            families["sd1"],
            s_request,
            b => b.UseControlNet(_folder["first"], scales[0]).UseControlNet(_folder["second"], scales[1]));
        Assert.Equal(handed, Draw(_folder["two"], s_request with { ControlWeights = weights }));
        Assert.NotEqual(handed, Draw(_folder["two"], s_request));
        // The folder's own come first.
        Assert.Equal(handed, Draw(_folder["one"], s_request with { ControlWeights = weights }, b => b.UseControlNet(_folder["second"])));

        // As diffusers wrote it when several ControlNets were a part of their pipeline.
        Rename("two", index => index["controlnet"] = new JsonArray("controlnet", "MultiControlNetModel"));
        Assert.Equal(handed, Draw(_folder["two"], s_request with { ControlWeights = weights }));
    }

    [Fact]
    public void A_ControlNet_in_another_type_computes_in_its_own()
    {
        TinyControlNets.WriteModel(_folder["wide"], "xl", 1);
        TinyControlNets.WriteModel(_folder["mixed"], "xl", 1);
        using (ControlNetModel network = TinyControlNets.Make("xl", 0))
            DiffusersFolder.WriteNetwork(network, Path.Combine(_folder["mixed"], "controlnet"), ScalarType.BFloat16);
        GenerationRequest request = s_request with { ControlImages = [TaskImages.Image] };
        DiffusionModel model = DiffusionModel.FromComponents(DiffusersFolder.Read(_folder["mixed"]));
        Assert.Equal(ScalarType.BFloat16, model.Components!.ControlNets[0].parameters().First().dtype);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModel(_ => model).Build();
        byte[] wide = Draw(_folder["wide"], request), mixed = pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
        Assert.NotEqual(wide, mixed);
        Assert.InRange(wide.Zip(mixed).Average(p => Math.Abs(p.First - p.Second)), 0, 4);
        model.Save(_folder["saved"]);
        ModelAssert.SameFiles(_folder["mixed"], _folder["saved"]);
    }

    [Fact]
    public void A_generation_leaves_no_tensor_and_a_pipeline_disposes_them()
    {
        TinyControlNets.WriteModel(_folder["two"], "sd1", 2);
        DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(_folder["two"], CPU).Build();
        pipeline.Generate(s_request);
        long before = LiveTensors.Settled();
        pipeline.Generate(s_request);
        Assert.Equal(before, Tensor.TotalCount);

        Tensor[] weights = [.. pipeline.Model!.Components!.ControlNets.Select(c => c.parameters().First())];
        Assert.All(weights, w => Assert.False(w.IsInvalid));
        pipeline.Dispose();
        Assert.All(weights, w => Assert.True(w.IsInvalid));
    }

    [Fact]
    public void What_does_not_fit_or_is_missing_is_named()
    {
        TinyControlNets.WriteModel(_folder["a"], "sd1", 1);
        TinyControlNets.Write(Path.Combine(_folder["a"], "controlnet_1"), "xl", 0);
        Rename("a", index => index["controlnet"]![1] = "MultiControlNetModel");
        Assert.Equal(
            "The ControlNet 'controlnet_1' of the model takes hidden states of width 128, and the denoiser of 64.",
            Assert.Throws<InvalidOperationException>(() => Draw(_folder["a"], s_request)).Message);

        Directory.Delete(Path.Combine(_folder["a"], "controlnet"), recursive: true);
        Assert.Contains(
            "no component 'controlnet'",
            Assert.Throws<DirectoryNotFoundException>(() => Draw(_folder["a"], s_request)).Message,
            StringComparison.Ordinal);
        Rename("a", index => index["controlnet"]![1] = "ControlNetXSAdapter");
        Directory.Move(Path.Combine(_folder["a"], "controlnet_1"), Path.Combine(_folder["a"], "controlnet"));
        Assert.Contains(
            "'ControlNetXSAdapter'",
            Assert.Throws<NotSupportedException>(() => Draw(_folder["a"], s_request)).Message,
            StringComparison.Ordinal);
    }

    private byte[] Weights(string model, string part) =>
        File.ReadAllBytes(Path.Combine(_folder[model], part, "diffusion_pytorch_model.safetensors"));

    private void Rename(string model, Action<JsonObject> change)
    {
        string path = Path.Combine(_folder[model], "model_index.json");
        JsonObject index = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(index);
        File.WriteAllText(path, index.ToJsonString());
    }

    private static byte[] Draw(string folder, GenerationRequest request, Action<DiffusionPipelineBuilder>? more = null)
    {
        DiffusionPipelineBuilder builder = new DiffusionPipelineBuilder().UseModelFolder(folder, CPU);
        more?.Invoke(builder);
        using DiffusionPipeline pipeline = builder.Build();
        return pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
    }
}
