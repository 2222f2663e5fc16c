using System.Text.RegularExpressions;
using LatentDiffusion.Tests.Reference;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>T2I-Adapters in separate files, with the names of their authors and of diffusers.</summary>
public sealed class T2IAdapterFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string, int, int> Kinds => new()
    {
        { "full_adapter", 3, 8 }, { "full_adapter", 1, 8 }, { "full_adapter_xl", 3, 16 }, { "light_adapter", 3, 8 },
    };

    [Theory, MemberData(nameof(Kinds))]
    public void A_file_with_the_original_names_is_the_same_network(string kind, int inChannels, int factor)
    {
        using T2IAdapterModel made = Make(kind, inChannels, factor);
        SafetensorsWriter.Write(_folder["original.safetensors"], Original(made));
        SafetensorsWriter.Write(_folder["diffusers.safetensors"], made.state_dict());
        foreach (string file in new[] { "original.safetensors", "diffusers.safetensors" })
        {
            using T2IAdapterModel read = DiffusersFolder.ReadNetwork<T2IAdapterModel>(_folder[file]);
            Assert.Equal(made.Config.ToJson(), read.Config.ToJson());
            Dictionary<string, Tensor> theirs = read.state_dict();
            Assert.Equal(made.state_dict().Keys.Order(), theirs.Keys.Order());
            Assert.All(made.state_dict(), t => Assert.True(t.Value.equal(theirs[t.Key]).all().item<bool>(), t.Key));
        }
    }

    [Fact]
    public void Names_and_shapes_that_do_not_fit_are_named()
    {
        using T2IAdapterModel made = Make("full_adapter", 3, 8);
        (string Name, Tensor Value)[] all = [.. Original(made)];
        Assert.Equal(["surprise"], Read([.. all, ("surprise", rand(1))]).Unexpected);
        // Adapters whose halving is a convolution, as an unpublished option of the original code has it.
        Assert.Equal(["body.2.down_opt.op.weight"], Read([.. all, ("body.2.down_opt.op.weight", rand(8, 8, 3, 3))]).Unexpected);
        Assert.Equal(
            ["adapter.body.1.resnets.1.block2.bias"], Read([.. all.Where(t => t.Name != "body.3.block2.bias")]).Missing);
        var rest = all.Where(t => t.Name != "conv_in.weight");
        Assert.Contains("has 5 input channels", Read([.. rest, ("conv_in.weight", rand(8, 5, 3, 3))]).Message);
        Assert.Contains("7 residual blocks", Read([.. all.Where(t => !t.Name.StartsWith("body.7.", StringComparison.Ordinal))]).Message);
        Assert.Contains("lacks the first convolution", Read([("style_embedding", rand(1, 8, 4))]).Message);
        Assert.Contains("lacks the first convolution", Read([("body.999999.x", rand(1)), ("body.0.y", rand(1))]).Message);

        CheckpointException Read((string Name, Tensor Value)[] tensors)
        {
            SafetensorsWriter.Write(_folder["bad.safetensors"], tensors);
            return Assert.Throws<CheckpointException>(
                () => DiffusersFolder.ReadNetwork<T2IAdapterModel>(_folder["bad.safetensors"]));
        }
    }

    [Fact]
    public void A_configuration_larger_than_its_file_is_refused()
    {
        using T2IAdapterModel made = Make("full_adapter", 3, 8);
        DiffusersFolder.WriteNetwork(made, _folder["adapter"]);
        string config = Path.Combine(_folder["adapter"], "config.json");
        File.WriteAllText(config, Regex.Replace(File.ReadAllText(config), "\"num_res_blocks\": 2", "\"num_res_blocks\": 60000"));
        Assert.Throws<CheckpointException>(() => DiffusersFolder.ReadNetwork<T2IAdapterModel>(_folder["adapter"]));
        Assert.Throws<InvalidDataException>(() => DiffusersFolder.ReadNetwork<ControlNetModel>(_folder["adapter"]));
    }

    public void Dispose() => _folder.Dispose();

    private static T2IAdapterModel Make(string kind, int inChannels, int factor)
    {
        bool light = kind == "light_adapter";
        T2IAdapterModel network = new T2IAdapterConfig
        {
            InChannels = inChannels, DownscaleFactor = factor, AdapterType = kind, Channels = light ? [8, 16, 32] : [8, 16, 32, 32],
            NumResBlocks = light ? 4 : 2,
        }.Build();
        FormulaWeights.Fill(network);
        return network;
    }

    /// <summary>By the numbering of the authors' code: all residual blocks of a full adapter in one row.</summary>
    private static IEnumerable<(string Name, Tensor Value)> Original(T2IAdapterModel network)
    {
        bool light = network.Config.AdapterType == "light_adapter";
        foreach ((string name, Tensor value) in network.state_dict())
        {
            string own = name["adapter.".Length..];
            if (light)
            {
                yield return (own.Replace(".resnets.", ".body."), value);
                continue;
            }

            own = Regex.Replace(own, @"^body\.(\d+)\.resnets\.(\d+)\.", m => $"body.{2 * Number(m, 1) + Number(m, 2)}.");
            yield return (Regex.Replace(own, @"^body\.(\d+)\.in_conv", m => $"body.{2 * Number(m, 1)}.in_conv"), value);
        }
    }

    private static int Number(Match match, int group) => int.Parse(match.Groups[group].Value);
}
