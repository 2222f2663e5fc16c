using LatentDiffusion.Tests.Checkpoints;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>A folder and an original file of the same model have the same networks.</summary>
public sealed class SD3FileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Models => [.. TinySD3.Names];

    [Theory, MemberData(nameof(Models))]
    public void A_folder_is_read_and_written_as_it_was(string name)
    {
        using ModelComponents made = TinySD3.Make(name);
        DiffusersFolder.Write(made, _folder["model"]);
        using ModelComponents read = DiffusersFolder.Read(_folder["model"]);
        Assert.Same(ModelFamilies.StableDiffusion3, read.Family);
        Same(made, read);
        Assert.Equal(3, (double)JsonOf(read.Scheduler)["shift"]!);
        DiffusersFolder.Write(read, _folder["again"]);
        ModelAssert.SameFiles(_folder["model"], _folder["again"]);
    }

    [Theory, MemberData(nameof(Models))]
    public void An_original_file_has_the_networks_of_the_folder(string name)
    {
        using ModelComponents made = TinySD3.Make(name);
        var transformer = made.Get<SD3Transformer2DModel>(ComponentNames.Transformer);
        SafetensorsWriter.Write(_folder["model.safetensors"], [
            .. SD3OriginalNames.Of(transformer).Select(t => ("model.diffusion_model." + t.Name, t.Value)),
            .. LdmWriter.Alone(made.Get<AutoencoderKL>(ComponentNames.Autoencoder)).Select(t => ("first_stage_model." + t.Name, t.Value)),
        ]);
        using ModelComponents read = SingleFileCheckpoint.Read(_folder["model.safetensors"]);
        Assert.Same(ModelFamilies.StableDiffusion3, read.Family);
        Same(made, read);
        Assert.Equal(
            transformer.Config with { DualAttentionLayers = [] },
            read.Get<SD3Transformer2DModel>(ComponentNames.Transformer).Config with { DualAttentionLayers = [] });
        Assert.Equal(1.5305, read.Get<AutoencoderKL>(ComponentNames.Autoencoder).Config.ScalingFactor);

        SafetensorsWriter.Write(_folder["transformer.safetensors"], SD3OriginalNames.Of(transformer));
        using var single = DiffusersFolder.ReadNetwork<SD3Transformer2DModel>(_folder["transformer.safetensors"]);
        Same(transformer, single);
    }

    [Fact]
    public void A_file_with_tensors_of_no_network_is_refused()
    {
        using ModelComponents made = TinySD3.Make("sd3.5-large");
        var transformer = made.Get<SD3Transformer2DModel>(ComponentNames.Transformer);
        SafetensorsWriter.Write(
            _folder["model.safetensors"],
            SD3OriginalNames.Of(transformer).Append(("joint_blocks.0.x_block.other.weight", rand(2)))
                .Select(t => ("model.diffusion_model." + t.Item1, t.Item2)));
        var error = Assert.Throws<CheckpointException>(() => SingleFileCheckpoint.Read(_folder["model.safetensors"]));
        Assert.Equal(["model.diffusion_model.joint_blocks.0.x_block.other.weight"], error.Unexpected);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private static System.Text.Json.Nodes.JsonNode JsonOf(SchedulerConfig config) =>
        System.Text.Json.Nodes.JsonNode.Parse(config.ToJson())!;

    private static void Same(ModelComponents expected, ModelComponents actual)
    {
        Assert.Equal(expected.Names.Order(), actual.Names.Order());
        foreach ((string name, nn.Module network) in expected.Networks) Same(network, actual.Get<nn.Module>(name));
    }

    private static void Same(nn.Module expected, nn.Module actual)
    {
        Dictionary<string, Tensor> theirs = actual.state_dict();
        Assert.Equal(expected.state_dict().Keys.Order(), theirs.Keys.Order());
        Assert.All(expected.state_dict(), t => Assert.True(t.Value.equal(theirs[t.Key]).all().item<bool>(), t.Key));
    }
}
