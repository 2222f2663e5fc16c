using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Families;

/// <summary>Models of the transformer families come back from folders, and their transformers from files with original names.</summary>
public sealed class TransformerFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Names => [.. TinyTransformers.Names];

    [Theory, MemberData(nameof(Names))]
    public void A_folder_draws_what_the_model_drew(string name)
    {
        byte[] before = Draw(DiffusionModel.FromComponents(TinyTransformers.Create(name)));
        using (ModelComponents model = TinyTransformers.Create(name)) DiffusersFolder.Write(model, _folder["model"]);
        DiffusionModel read = DiffusionModel.Open(_folder["model"], CPU);
        Assert.Equal(TinyTransformers.Create(name).Family, read.Components!.Family);
        Assert.Equal(before, Draw(read));
    }

    [Theory]
    [InlineData("flux", "flux1-dev", "")]
    [InlineData("flux", "flux1-dev", "model.diffusion_model.")]
    [InlineData("flux2", "flux2-klein", "")]
    [InlineData("flux2", "flux2-klein", "model.diffusion_model.")]
    [InlineData("z-image", "z-image", "")]
    public void A_file_with_original_names_has_the_same_weights(string name, string map, string prefix)
    {
        using ModelComponents model = TinyTransformers.Create(name);
        nn.Module network = model.Get<nn.Module>(ComponentNames.Transformer);
        SafetensorsWriter.Write(
            _folder["model.safetensors"],
            OriginalTransformers.Tensors(map, network).ToDictionary(t => prefix + t.Key, t => t.Value));
        using ModelComponents read = SingleFileCheckpoint.Read(_folder["model.safetensors"], null, new SingleFileOptions
        {
            Configs = new Dictionary<string, NetworkConfig> { [ComponentNames.Transformer] = Config(network) },
        });
        Assert.Equal(model.Family, read.Family);
        Same(network, read.Get<nn.Module>(ComponentNames.Transformer));
    }

    [Fact]
    public void The_configuration_of_a_file_follows_from_its_tensors()
    {
        using ModelComponents model = TinyTransformers.Create("flux2");
        var network = model.Get<Flux2Transformer2DModel>(ComponentNames.Transformer);
        SafetensorsWriter.Write(_folder["model.safetensors"], OriginalTransformers.Tensors("flux2-klein", network));
        using ModelComponents read = SingleFileCheckpoint.Read(_folder["model.safetensors"]);
        Flux2TransformerConfig given = network.Config;
        Flux2TransformerConfig inferred = read.Get<Flux2Transformer2DModel>(ComponentNames.Transformer).Config;
        Assert.Equal(given.AxesDimsRope.ToArray(), inferred.AxesDimsRope);
        Assert.Equal(Numbers(given), Numbers(inferred));
        using DiffusionModel opened = DiffusionModel.FromComponents(SingleFileCheckpoint.Read(_folder["model.safetensors"]));
        Assert.Equal((1, 4), (opened.GuidanceScale!.Value, opened.Steps!.Value));

        static double[] Numbers(Flux2TransformerConfig config) =>
        [
            config.NumLayers, config.NumSingleLayers, config.NumAttentionHeads, config.JointAttentionDim, config.InChannels,
            config.TimestepGuidanceChannels, config.MlpRatio, config.GuidanceEmbeds ? 1 : 0,
        ];
    }

    [Fact]
    public void An_unknown_tensor_is_named()
    {
        using ModelComponents model = TinyTransformers.Create("flux");
        nn.Module network = model.Get<nn.Module>(ComponentNames.Transformer);
        Dictionary<string, Tensor> tensors = OriginalTransformers.Tensors("flux1-dev", network);
        tensors["double_blocks.0.img_attn.extra.weight"] = zeros(2);
        SafetensorsWriter.Write(_folder["model.safetensors"], tensors);
        var error = Assert.Throws<CheckpointException>(() => SingleFileCheckpoint.Read(_folder["model.safetensors"], null, new()
        {
            Configs = new Dictionary<string, NetworkConfig> { [ComponentNames.Transformer] = Config(network) },
        }));
        Assert.Equal(["double_blocks.0.img_attn.extra.weight"], error.Unexpected);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private static NetworkConfig Config(nn.Module network) => ModelFamilies.TypeOf(network).ConfigOf(network);

    private static void Same(nn.Module one, nn.Module other)
    {
        Dictionary<string, Tensor> values = other.state_dict();
        foreach ((string name, Tensor value) in one.state_dict()) Assert.True(value.Equals(values[name]), name);
    }

    private static byte[] Draw(DiffusionModel model)
    {
        using (model)
        {
            DenoiserDescription denoiser = model.Denoiser.Description;
            using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModel(_ => model)
                .UseTextEncoder(new TextOfRequests(new TextShape(5, TinyTransformers.TextWidth, denoiser.PooledWidth))).Build();
            using Conditioning text = Text("text"), negative = Text("negative");
            return pipeline.Generate(new GenerationRequest
            {
                Prompt = "", PromptEmbeds = text, NegativePromptEmbeds = negative, Seed = 3, Width = 32, Height = 32, Steps = 2,
            }).Images[0].Image.Rgb.ToArray();

            Conditioning Text(string name) => new(
                Reference.FormulaWeights.Input(name, [1, 5, TinyTransformers.TextWidth]),
                denoiser.PooledWidth is { } width ? Reference.FormulaWeights.Input($"{name} pooled", [1, width]) : null);
        }
    }
}
