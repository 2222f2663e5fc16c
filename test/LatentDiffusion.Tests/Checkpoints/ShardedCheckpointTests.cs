using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

public sealed class ShardedCheckpointTests : IDisposable
{
    private const string Index = "model.safetensors.index.json";

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public ShardedCheckpointTests()
    {
        SafetensorsWriter.Write(_folder["one.safetensors"], [("a", ones(2)), ("b", ones(3))]);
        SafetensorsWriter.Write(_folder["two.safetensors"], [("c", arange(4))]);
    }

    [Fact]
    public void Shards_are_read_as_one_checkpoint()
    {
        Write("""{"metadata":{"total_size":52},"weight_map":{"a":"one.safetensors","b":"one.safetensors","c":"two.safetensors"}}""");
        using ITensorSource source = Checkpoint.OpenComponent(Path.GetDirectoryName(_folder[Index])!);
        Assert.Equal(["a", "b", "c"], source.Entries.Select(e => e.Name).Order());
        Assert.Equal([0L, 1, 2, 3], source.Read("c").data<long>().ToArray());
        Assert.Null(source.Find("d"));
        Assert.Throws<KeyNotFoundException>(() => source.Read("d"));
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"one.safetensors","b":"one.safetensors","d":"two.safetensors"}}""", "1 missing: d")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","c":"two.safetensors"}}""", "b in one.safetensors")]
    [InlineData("""{"weight_map":{"a":"two.safetensors","b":"one.safetensors","c":"two.safetensors"}}""", "a in one.safetensors")]
    [InlineData("""{"weight_map":{"a":"../one.safetensors"}}""", "not a checkpoint in its folder")]
    [InlineData("""{"weight_map":{"a":"/etc/passwd"}}""", "not a checkpoint in its folder")]
    [InlineData("""{"weight_map":{"a":".."}}""", "not a checkpoint in its folder")]
    [InlineData("""{"weight_map":{"a":""}}""", "not a checkpoint in its folder")]
    [InlineData("""{"weight_map":{"a":"sub\\one.safetensors"}}""", "not a checkpoint in its folder")]
    [InlineData("""{"weight_map":{"a":"three.safetensors"}}""", "not a checkpoint in its folder")]
    [InlineData("""{"weight_map":{"a":"one.safetensors","a":"two.safetensors"}}""", "Duplicate")]
    [InlineData("""{"weight_map":{"a":null}}""", "not a checkpoint in its folder")]
    [InlineData("""{"weight_map":{"a":"model.safetensors.index.json"}}""", "not a checkpoint in its folder")]
    [InlineData("""{"weight_map":{"a":1}}""", "not an index")]
    [InlineData("""{"weight_map":[]}""", "not an index")]
    [InlineData("""{"weights":{}}""", "not an index")]
    [InlineData("""[""", "not an index")]
    [InlineData("""[[[[[[[[[[[[[[]]]]]]]]]]]]]]""", "not an index")]
    public void Bad_indices_are_refused_with_a_reason(string json, string reason)
    {
        Write(json);
        var exception = Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder[Index]));
        Assert.Contains(reason, exception.Message);
        Assert.Equal(_folder[Index], exception.File);
    }

    [Fact]
    public void A_shard_must_not_link_outside_the_folder()
    {
        string folder = Directory.CreateDirectory(_folder["model"]).FullName, index = Path.Combine(folder, Index);
        File.WriteAllText(index, """{"weight_map":{"c":"two.safetensors"}}""");
        File.CreateSymbolicLink(Path.Combine(folder, "two.safetensors"), Path.Combine("..", "two.safetensors"));
        Assert.Contains("out of it", Assert.Throws<CheckpointException>(() => Checkpoint.Open(index)).Message);
    }

    [Fact]
    public void A_shard_may_link_to_its_folder_or_to_hub_cache_blobs()
    {
        string snapshot = Directory.CreateDirectory(Path.Combine(_folder["hub"], "snapshots", "abc", "unet")).FullName;
        string blobs = Directory.CreateDirectory(Path.Combine(_folder["hub"], "blobs")).FullName, index = Path.Combine(snapshot, Index);
        File.WriteAllText(Path.Combine(blobs, "i"), """{"weight_map":{"a":"1.safetensors","b":"1.safetensors","c":"2.safetensors"}}""");
        File.CreateSymbolicLink(index, Path.Combine("..", "..", "..", "blobs", "i"));
        File.Move(_folder["one.safetensors"], Path.Combine(blobs, "x"));
        File.CreateSymbolicLink(Path.Combine(snapshot, "1.safetensors"), Path.Combine("..", "..", "..", "blobs", "x"));
        File.Move(_folder["two.safetensors"], Path.Combine(snapshot, "two.safetensors"));
        File.CreateSymbolicLink(Path.Combine(snapshot, "2.safetensors"), "two.safetensors");
        using ITensorSource source = Checkpoint.Open(index);
        Assert.Equal([1f, 1], source.Read("a").data<float>().ToArray());
        Assert.Equal([0L, 1, 2, 3], source.Read("c").data<long>().ToArray());
    }

    [Fact]
    public void A_link_to_itself_is_refused()
    {
        File.CreateSymbolicLink(_folder["three.safetensors"], "three.safetensors");
        Write("""{"weight_map":{"a":"three.safetensors"}}""");
        Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder[Index]));
    }

    [Fact]
    public void The_variant_is_preferred_to_the_plain_file()
    {
        string folder = Directory.CreateDirectory(_folder["unet"]).FullName;
        var exception = Assert.Throws<FileNotFoundException>(() => Checkpoint.OpenComponent(folder, "fp16"));
        Assert.Contains("diffusion_pytorch_model.safetensors", exception.Message);
        File.Copy(_folder["one.safetensors"], Path.Combine(folder, "diffusion_pytorch_model.safetensors"));
        Assert.NotNull(Open("fp16").Find("a"));
        File.Copy(_folder["two.safetensors"], Path.Combine(folder, "diffusion_pytorch_model.fp16.safetensors"));
        Assert.NotNull(Open("fp16").Find("c"));
        Assert.NotNull(Open(null).Find("a"));

        ITensorSource Open(string? variant)
        {
            using ITensorSource source = Checkpoint.OpenComponent(folder, variant);
            return source;
        }
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private void Write(string json) => File.WriteAllText(_folder[Index], json);
}
