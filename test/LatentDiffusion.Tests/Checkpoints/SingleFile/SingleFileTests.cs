using System.Text.Json.Nodes;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

public sealed class SingleFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Families => [.. TinyModels.Families, .. TinyModels.Distilled];

    [Theory, MemberData(nameof(Families))]
    public void A_single_file_equals_the_folder_it_was_made_from(string family)
    {
        using ModelComponents made = TinyModels.Make(family);
        DiffusersFolder.Write(made, _folder["folder"]);
        LdmWriter.Write(made, _folder["model.safetensors"]);
        using ModelComponents folder = DiffusersFolder.Read(_folder["folder"]);
        using ModelComponents file = SingleFileCheckpoint.Read(_folder["model.safetensors"]);

        ModelAssert.SameNetworks(folder, file);
        Assert.Equal(folder.PipelineClass, file.PipelineClass);
        Assert.Equal(folder.Scheduler.ToJson(), file.Scheduler.ToJson());
        Same(folder.UNet.Config, file.UNet.Config);
        Same(((AutoencoderKL)folder.Autoencoder).Config, ((AutoencoderKL)file.Autoencoder).Config);
        if (made.TextEncoder is not null) Same(folder.TextEncoder!.Config, file.TextEncoder!.Config);
        if (made.TextEncoder2 is not null) Same(folder.TextEncoder2!.Config, file.TextEncoder2!.Config);
    }

    [Fact]
    public void Tensors_outside_networks_are_ignored()
    {
        using ModelComponents made = TinyModels.Make("sd1");
        LdmWriter.Write(
            made, _folder["a.safetensors"], ("model_ema.decay", tensor(1f)), ("betas", rand(4)), ("first_stage_model.loss.logvar", rand(1)),
            ("cond_stage_model.transformer.text_model.embeddings.position_ids", arange(16).unsqueeze(0)));
        using ModelComponents read = SingleFileCheckpoint.Read(_folder["a.safetensors"]);
        ModelAssert.SameNetworks(made, read);
    }

    [Theory]
    [InlineData("surprise.weight")]
    [InlineData("model.diffusion_model.input_blocks.1.0.in_layers.7.weight")]
    [InlineData("first_stage_model.encoder.surprise")]
    public void Tensors_that_fit_no_network_are_named(string name)
    {
        using ModelComponents made = TinyModels.Make("sd1");
        LdmWriter.Write(made, _folder["a.safetensors"], (name, rand(2)));
        CheckpointException error = Assert.Throws<CheckpointException>(() => SingleFileCheckpoint.Read(_folder["a.safetensors"]));
        Assert.Contains(name.Split('.')[^2], error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_without_a_whole_model_is_refused()
    {
        SafetensorsWriter.Write(_folder["a.safetensors"], [("first_stage_model.decoder.conv_in.weight", rand(2, 2, 3, 3))]);
        var exception = Assert.Throws<CheckpointException>(() => SingleFileCheckpoint.Read(_folder["a.safetensors"]));
        Assert.Contains("model.diffusion_model", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_precision_is_converted_while_reading()
    {
        using ModelComponents made = TinyModels.Make("xl");
        LdmWriter.Write(made, _folder["a.safetensors"]);
        var options = new CheckpointOptions { Type = ScalarType.Float16 };
        using ModelComponents read = SingleFileCheckpoint.Read(_folder["a.safetensors"], options);
        Assert.All(read.Networks.SelectMany(n => n.Network.parameters()), p => Assert.Equal(ScalarType.Float16, p.dtype));
        Dictionary<string, Tensor> expected = made.TextEncoder2!.state_dict();
        foreach ((string name, Tensor value) in read.TextEncoder2!.state_dict())
            Assert.True(value.equal(expected[name].to(ScalarType.Float16)).all().item<bool>(), name);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private static void Same<T>(T expected, T actual) where T : NetworkConfig =>
        Assert.Equal(Whole(expected).ToString(), Whole(actual).ToString());

    /// <summary>Every property, independent of the spelling in the file.</summary>
    private static JsonNode Whole<T>(T config) where T : NetworkConfig => JsonNode.Parse((config with { Source = null }).ToJson())!;
}
