using TorchSharp;
using TorchSharp.Modules;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

public sealed class StateDictTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void A_network_is_loaded_as_it_was_saved()
    {
        Sequential saved = Network(), loaded = Network();
        StateDict.Save(saved, _folder["a.safetensors"]);
        Parameter first = loaded.parameters().First();
        StateDict.Load(loaded, _folder["a.safetensors"]);

        Assert.Same(first, loaded.parameters().First());
        Assert.All(loaded.state_dict(), p => Assert.True(p.Value.equal(saved.state_dict()[p.Key]).all().item<bool>()));
        Assert.All(loaded.parameters(), p => Assert.True(p.requires_grad));
    }

    [Fact]
    public void Half_precision_is_written_and_read_back()
    {
        Sequential saved = Network(), loaded = Network();
        StateDict.Save(saved, _folder["a.safetensors"], ScalarType.Float16);
        StateDict.Load(loaded, _folder["a.safetensors"]);

        using var file = SafetensorsFile.Open(_folder["a.safetensors"]);
        Assert.Equal("pt", file.Metadata["format"]);
        Assert.Equal(ScalarType.Float16, file.Find("0.weight")!.DataType);
        Assert.Equal(ScalarType.Int64, file.Find("1.num_batches_tracked")!.DataType);
        Tensor expected = saved.state_dict()["0.weight"].to(ScalarType.Float16).to(ScalarType.Float32);
        Assert.True(loaded.state_dict()["0.weight"].equal(expected).all().item<bool>());
    }

    [Fact]
    public void One_exception_names_every_difference_and_nothing_is_loaded()
    {
        Dictionary<string, Tensor> tensors = Network().state_dict();
        tensors.Remove("1.bias");
        tensors["2.weight"] = ones(1);
        tensors["0.weight"] = ones(4, 9);
        SafetensorsWriter.Write(_folder["a.safetensors"], tensors);
        Sequential network = Network();
        Dictionary<string, Tensor> before = network.state_dict().ToDictionary(p => p.Key, p => p.Value.clone());

        var exception = Assert.Throws<CheckpointException>(() => StateDict.Load(network, _folder["a.safetensors"]));
        Assert.Equal(["1.bias"], exception.Missing);
        Assert.Equal(["2.weight"], exception.Unexpected);
        Assert.Equal(["0.weight: [4, 9] in the file, [4, 3] in the network"], exception.Misshaped);
        Assert.All([_folder["a.safetensors"], "1.bias", "2.weight", "[4, 9]"], part => Assert.Contains(part, exception.Message));
        Assert.All(network.state_dict(), p => Assert.True(p.Value.equal(before[p.Key]).all().item<bool>()));
    }

    [Fact]
    public void Names_are_mapped_or_ignored()
    {
        Sequential saved = Network(), loaded = Network();
        SafetensorsWriter.Write(
            _folder["a.safetensors"],
            saved.state_dict().Select(p => ($"net.{p.Key}", p.Value)).Append(("other", ones(1))));
        StateDict.Load(loaded, _folder["a.safetensors"], name => name.StartsWith("net.") ? name[4..] : null);
        Assert.True(loaded.state_dict()["0.weight"].equal(saved.state_dict()["0.weight"]).all().item<bool>());
        Assert.Throws<CheckpointException>(() => StateDict.Load(loaded, _folder["a.safetensors"], _ => "0.weight"));
    }

    [Fact]
    public void No_tensor_is_leaked()
    {
        Sequential network = Network();
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        StateDict.Save(network, _folder["a.safetensors"], ScalarType.Float16);
        StateDict.Load(network, _folder["a.safetensors"]);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private static Sequential Network() => nn.Sequential(("0", nn.Linear(3, 4)), ("1", nn.BatchNorm1d(4)));
}
