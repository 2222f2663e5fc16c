using System.Text.Json.Nodes;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

public sealed class DiffusersFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Families => [.. TinyModels.Families, .. TinyModels.Distilled];

    [Theory, MemberData(nameof(Families))]
    public void A_folder_read_and_written_is_unchanged(string family)
    {
        using ModelComponents made = TinyModels.Make(family);
        DiffusersFolder.Write(made, _folder["a"]);
        using ModelComponents read = DiffusersFolder.Read(_folder["a"]);
        DiffusersFolder.Write(read, _folder["b"]);

        ModelAssert.SameNetworks(made, read);
        ModelAssert.SameFiles(_folder["a"], _folder["b"]);
        Assert.Equal(made.PipelineClass, read.PipelineClass);
        Assert.Equal(made.Tokenizer2?.PaddingToken, read.Tokenizer2?.PaddingToken);
        Assert.Equal(made.Tokenizer?.MaxLength, read.Tokenizer?.MaxLength);
    }

    [Fact]
    public void A_half_precision_variant_survives_float32_bit_for_bit()
    {
        using ModelComponents made = TinyModels.Make("sd1");
        DiffusersFolder.Write(made, _folder["a"], ScalarType.Float16);
        foreach (string file in Directory.GetFiles(_folder["a"], "*.safetensors", SearchOption.AllDirectories))
            File.Move(file, Path.ChangeExtension(file, ".fp16.safetensors"));

        using ModelComponents kept = DiffusersFolder.Read(_folder["a"], new CheckpointOptions { Variant = "fp16" });
        var options = new CheckpointOptions { Variant = "fp16", Type = ScalarType.Float32 };
        using ModelComponents read = DiffusersFolder.Read(_folder["a"], options);
        DiffusersFolder.Write(read, _folder["b"]);
        Assert.All(kept.UNet.parameters(), p => Assert.Equal(ScalarType.Float16, p.dtype));
        Assert.All(read.UNet.parameters(), p => Assert.Equal(ScalarType.Float32, p.dtype));
        ModelAssert.SameFiles(_folder["a"], _folder["b"]);
    }

    [Fact]
    public void A_sharded_network_is_written_sharded()
    {
        using ModelComponents made = TinyModels.Make("sd1");
        DiffusersFolder.Write(made, _folder["a"]);
        string unet = Path.Combine(_folder["a"], "unet");
        File.Delete(Path.Combine(unet, "diffusion_pytorch_model.safetensors"));
        var map = new JsonObject();
        foreach ((var part, int i) in made.UNet.state_dict().Chunk(40).Select((part, i) => (part, i + 1)))
        {
            string name = $"diffusion_pytorch_model-{i:D5}-of-00003.safetensors";
            SafetensorsWriter.Write(Path.Combine(unet, name), part, new Dictionary<string, string> { ["format"] = "pt" });
            foreach ((string key, _) in part) map[key] = name;
        }

        var index = new JsonObject { ["metadata"] = new JsonObject { ["total_size"] = 1 }, ["weight_map"] = map };
        File.WriteAllText(Path.Combine(unet, "diffusion_pytorch_model.safetensors.index.json"), index.ToJsonString());
        using ModelComponents read = DiffusersFolder.Read(_folder["a"]);
        DiffusersFolder.Write(read, _folder["b"]);
        ModelAssert.SameNetworks(made, read);
        ModelAssert.SameFiles(_folder["a"], _folder["b"]);
    }

    [Fact]
    public void Files_of_an_earlier_model_are_never_read_after_writing()
    {
        using ModelComponents first = TinyModels.Make("sd1"), second = TinyModels.Make("sd1");
        using (no_grad()) foreach (var parameter in second.UNet.parameters()) parameter.add_(1);
        DiffusersFolder.Write(first, _folder["a"]);
        string unet = Path.Combine(_folder["a"], "unet"), weights = Path.Combine(unet, "diffusion_pytorch_model.safetensors");
        string[] stale =
        [
            "diffusion_pytorch_model.fp16.safetensors", "diffusion_pytorch_model-00001-of-00002.safetensors",
            "diffusion_pytorch_model.safetensors.index.json", "diffusion_pytorch_model.bin",
        ];
        foreach (string name in stale) File.Copy(weights, Path.Combine(unet, name));
        File.WriteAllText(Path.Combine(unet, "notes.txt"), "kept");
        DiffusersFolder.Write(second, _folder["a"]);
        Assert.Equal(
            ["config.json", "diffusion_pytorch_model.safetensors", "notes.txt"],
            Directory.GetFiles(unet).Select(f => Path.GetFileName(f)).Order());
        using ModelComponents read = DiffusersFolder.Read(_folder["a"], new CheckpointOptions { Variant = "fp16" });
        ModelAssert.SameNetworks(second, read);

        // A write that fails does not leave a mixture of two models.
        using ModelComponents broken = TinyModels.Make("sd1");
        File.Delete(Path.Combine(_folder["a"], "vae", "config.json"));
        Directory.CreateDirectory(Path.Combine(_folder["a"], "vae", "config.json"));
        Assert.ThrowsAny<Exception>(() => DiffusersFolder.Write(broken, _folder["a"]));
        Assert.False(File.Exists(Path.Combine(_folder["a"], "model_index.json")));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("/", "")]
    [InlineData("", "/")]
    public void A_folder_is_not_overwritten_by_its_own_model(string read, string written)
    {
        using (ModelComponents made = TinyModels.Make("sd1")) DiffusersFolder.Write(made, _folder["a"]);
        using ModelComponents again = DiffusersFolder.Read(_folder["a"] + read);
        var exception = Assert.Throws<ArgumentException>(() => DiffusersFolder.Write(again, _folder["a"] + written));
        Assert.Contains("write to another", exception.Message, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(_folder["a"], "model_index.json")));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Old_names_and_constants_are_understood(bool convolution)
    {
        using ModelComponents made = TinyModels.Make("sd1");
        DiffusersFolder.Write(made, _folder["a"]);
        var old = made.Autoencoder.state_dict().Select(p => (p.Key
            .Replace(".to_q.", ".query.").Replace(".to_k.", ".key.").Replace(".to_v.", ".value.").Replace(".to_out.0.", ".proj_attn."),
            convolution && p.Value.dim() == 2 ? p.Value.unsqueeze(-1).unsqueeze(-1) : p.Value));
        SafetensorsWriter.Write(Path.Combine(_folder["a"], "vae", "diffusion_pytorch_model.safetensors"), old);
        var text = made.TextEncoder!.state_dict().Select(p => (p.Key, p.Value))
            .Append((DiffusersNames.PositionIds, DiffusersNames.MakePositionIds(16)));
        SafetensorsWriter.Write(Path.Combine(_folder["a"], "text_encoder", "model.safetensors"), text);

        using ModelComponents read = DiffusersFolder.Read(_folder["a"]);
        DiffusersFolder.Write(read, _folder["b"]);
        ModelAssert.SameNetworks(made, read);
        using ModelComponents again = DiffusersFolder.Read(_folder["b"]);
        ModelAssert.SameNetworks(made, again);
        Assert.Equal(
            File.ReadAllBytes(Path.Combine(_folder["a"], "text_encoder", "model.safetensors")),
            File.ReadAllBytes(Path.Combine(_folder["b"], "text_encoder", "model.safetensors")));
    }

    [Fact]
    public void Unknown_components_are_copied()
    {
        MakeWith("safety_checker", "safety_checker");
        Directory.CreateDirectory(Path.Combine(_folder["a"], "safety_checker"));
        File.WriteAllText(Path.Combine(_folder["a"], "safety_checker", "config.json"), "{}");
        using ModelComponents read = DiffusersFolder.Read(_folder["a"]);
        DiffusersFolder.Write(read, _folder["b"]);
        ModelAssert.SameFiles(_folder["a"], _folder["b"]);
    }

    [Fact]
    public void Single_networks_are_read_by_their_class_name()
    {
        using ControlNetModel made = new ControlNetConfig
        {
            BlockOutChannels = [32], DownBlockTypes = ["CrossAttnDownBlock2D"], CrossAttentionDim = 8,
            ConditioningEmbeddingOutChannels = [8, 8],
        }.Build();
        DiffusersFolder.WriteNetwork(made, _folder["control"], ScalarType.Float32);
        using ControlNetModel read = DiffusersFolder.ReadNetwork<ControlNetModel>(_folder["control"]);
        Assert.Equal(made.state_dict().Keys.Order(), read.state_dict().Keys.Order());
        Assert.Throws<InvalidDataException>(() => DiffusersFolder.ReadAutoencoder(_folder["control"]));
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("..")]
    [InlineData("a/b")]
    public void A_component_name_that_leaves_the_folder_is_refused(string name)
    {
        MakeWith(name, "outside");
        Directory.CreateDirectory(_folder["outside"]);
        Directory.CreateDirectory(Path.Combine(_folder["a"], "a", "b"));
        using ModelComponents read = DiffusersFolder.Read(_folder["a"]);
        Assert.Throws<CheckpointException>(() => DiffusersFolder.Write(read, _folder["b"]));
    }

    [Theory]
    [InlineData("unet/diffusion_pytorch_model.safetensors")]
    [InlineData("vae/config.json")]
    [InlineData("tokenizer/vocab.json")]
    [InlineData("scheduler")]
    [InlineData("model_index.json")]
    public void A_link_that_leaves_the_folder_is_refused(string path)
    {
        using (ModelComponents made = TinyModels.Make("sd1")) DiffusersFolder.Write(made, _folder["a"]);
        string inside = Path.Combine(_folder["a"], path), outside = _folder["outside"];
        Directory.Move(inside, outside);
        File.CreateSymbolicLink(inside, outside);
        CheckpointException error = Assert.Throws<CheckpointException>(() => DiffusersFolder.Read(_folder["a"]));
        Assert.Contains("out of it", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_folder_link_on_the_way_out_is_refused(bool written)
    {
        MakeWith("safety_checker", "safety_checker");
        string checker = Path.Combine(_folder["a"], "safety_checker");
        Directory.CreateDirectory(Path.Combine(checker, "a"));
        Directory.CreateDirectory(_folder["secret"]);
        File.WriteAllText(Path.Combine(_folder["secret"], "id"), "outside");
        if (!written) Leave();
        using ModelComponents read = DiffusersFolder.Read(_folder["a"]);
        if (written) Leave();
        CheckpointException error = Assert.Throws<CheckpointException>(() => DiffusersFolder.Write(read, _folder["b"]));
        Assert.Contains("out of it", error.Message, StringComparison.Ordinal);
        Assert.False(File.Exists(Path.Combine(_folder["b"], "safety_checker", "config.json")));

        // The target of the link to the file is in the folder; the folder on the way to it is not.
        void Leave()
        {
            File.CreateSymbolicLink(Path.Combine(checker, "a", "d"), _folder["secret"]);
            File.CreateSymbolicLink(Path.Combine(checker, "config.json"), Path.Combine("a", "d", "id"));
        }
    }

    [Fact]
    public void A_model_behind_a_link_is_read()
    {
        using (ModelComponents made = TinyModels.Make("sd1")) DiffusersFolder.Write(made, _folder["a"]);
        Directory.Move(Path.Combine(_folder["a"], "vae"), Path.Combine(_folder["a"], "autoencoder"));
        Directory.CreateSymbolicLink(Path.Combine(_folder["a"], "vae"), "autoencoder");
        Directory.CreateSymbolicLink(_folder["link"], "a");
        using ModelComponents read = DiffusersFolder.Read(_folder["link"]);
        Assert.NotNull(read.Autoencoder);
    }

    [Fact]
    public void A_hub_cache_snapshot_is_read()
    {
        string snapshot = Path.Combine(_folder["cache"], "snapshots", "abc"), blobs = Path.Combine(_folder["cache"], "blobs");
        using ModelComponents made = TinyModels.Make("sd1");
        DiffusersFolder.Write(made, snapshot);
        Directory.CreateDirectory(blobs);
        foreach (string file in Directory.GetFiles(snapshot, "*", SearchOption.AllDirectories))
        {
            string blob = Path.Combine(blobs, Guid.NewGuid().ToString("N"));
            File.Move(file, blob);
            File.CreateSymbolicLink(file, Path.GetRelativePath(Path.GetDirectoryName(file)!, blob));
        }

        using ModelComponents read = DiffusersFolder.Read(snapshot);
        ModelAssert.SameNetworks(made, read);
    }

    [Theory]
    [InlineData("unet")]
    [InlineData("unet/config.json")]
    [InlineData("vae/diffusion_pytorch_model.safetensors")]
    [InlineData("tokenizer/merges.txt")]
    [InlineData("scheduler/scheduler_config.json")]
    [InlineData("model_index.json")]
    public void Missing_files_are_named(string path)
    {
        using (ModelComponents made = TinyModels.Make("sd1")) DiffusersFolder.Write(made, _folder["a"]);
        string full = Path.Combine(_folder["a"], path);
        if (Directory.Exists(full)) Directory.Delete(full, recursive: true);
        else File.Delete(full);
        IOException error = Assert.ThrowsAny<IOException>(() => DiffusersFolder.Read(_folder["a"]));
        Assert.Contains(path.Split('/')[0], error.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    /// <summary>Writes a model whose index names one more component.</summary>
    private void MakeWith(string name, string className)
    {
        using (ModelComponents made = TinyModels.Make("sd1")) DiffusersFolder.Write(made, _folder["a"]);
        string path = Path.Combine(_folder["a"], "model_index.json");
        JsonObject index = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        index[name] = new JsonArray("some_library", className);
        File.WriteAllText(path, index.ToJsonString());
    }
}
