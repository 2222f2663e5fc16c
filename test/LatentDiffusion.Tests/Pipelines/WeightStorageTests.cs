using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Models whose weights are kept as their files store them.</summary>
public sealed class WeightStorageTests : IDisposable
{
    private const string Query = "unet.down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q";

    private static readonly GenerationRequest s_request = new() { Prompt = "a b", Height = 16, Width = 16, Steps = 3, Seed = 5 };

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("sd1")]
    [InlineData("xl")]
    public void Images_are_those_of_expanded_weights_within_rounding(string family)
    {
        string model = Model(family);
        byte[] expanded = Draw(new DiffusionPipelineBuilder().UseModelFolder(model, CPU, ScalarType.Float32));
        byte[] stored = Draw(Stored(model));

        Assert.All(stored.Zip(expanded), p => Assert.InRange(p.First - p.Second, -1, 1));
    }

    [Fact]
    public void Weights_take_the_memory_of_the_file()
    {
        using DiffusionPipeline pipeline = Stored(Model("sd1")).Build();
        ModelComponents components = pipeline.Model!.Components!;

        Assert.NotEmpty(StoredLayers.Find(components.UNet));
        Assert.Contains(
            "text_model.embeddings.token_embedding.weight", (IDictionary<string, PackedLayer>)StoredLayers.Find(components.TextEncoder!));
        Assert.All(
            StoredLayers.Find(components.UNet).Values,
            layer => Assert.Equal(TorchSharp.DeviceType.META, layer.Weight.device_type));
        Assert.Empty(StoredLayers.Deferred(components.UNet));
    }

    [Fact]
    public void Saving_expands_the_weights()
    {
        using (DiffusionPipeline pipeline = Stored(Model("sd1")).Build()) pipeline.Model!.Save(_folder["saved"]);
        byte[] expanded = Draw(new DiffusionPipelineBuilder().UseModelFolder(Model("sd1"), CPU, ScalarType.Float32));

        Assert.Equal(expanded, Draw(new DiffusionPipelineBuilder().UseModelFolder(_folder["saved"])));
    }

    [Fact]
    public void Low_rank_patches_are_added_and_come_off()
    {
        string model = Model("sd1"), lora = Lora();
        byte[] before = Draw(Stored(model));
        byte[] expanded = Draw(new DiffusionPipelineBuilder().UseModelFolder(model, CPU, ScalarType.Float32).UseLora(lora, -2));
        using DiffusionPipeline pipeline = Stored(model).UseLora(lora, -2).Build();
        byte[] patched = Draw(pipeline);

        Assert.NotEqual(before, patched);
        Assert.All(patched.Zip(expanded), p => Assert.InRange(p.First - p.Second, -1, 1));
        pipeline.Model!.Save(_folder["saved"]);
        Assert.All(
            Draw(new DiffusionPipelineBuilder().UseModelFolder(_folder["saved"])).Zip(expanded),
            p => Assert.InRange(p.First - p.Second, -1, 1));
        pipeline.Model.SetLoras();
        Assert.Equal(before, Draw(pipeline));
    }

    [Fact]
    public void Other_adapters_than_low_rank_ones_are_refused_and_nothing_stays()
    {
        using DiffusionPipeline pipeline = Stored(Model("sd1")).Build();
        byte[] before = Draw(pipeline);
        using (Tensor difference = ones(32, 32))
            SafetensorsWriter.Write(_folder["full.safetensors"], new Dictionary<string, Tensor> { [$"{Query}.diff"] = difference });
        Assert.Contains(
            Query,
            Assert.Throws<NotSupportedException>(() => pipeline.Model!.SetLoras((_folder["full.safetensors"], 1))).Message,
            StringComparison.Ordinal);
        Assert.Equal(before, Draw(pipeline));
    }

    [Fact]
    public void Content_keys_follow_the_stored_weights()
    {
        using var expanded = DiffusersFolder.Read(Model("sd1"), new CheckpointOptions { Storage = WeightStorage.AsStored });
        using var same = DiffusersFolder.Read(Model("sd1"), new CheckpointOptions { Storage = WeightStorage.AsStored });
        string key = ContentKeys.ForNetwork(expanded.UNet, expanded.UNet.Config);
        Assert.Equal(key, ContentKeys.ForNetwork(same.UNet, same.UNet.Config));

        using var lora = LoraFile.Open(
            Lora(), LoraTarget.Create(ModelFamilies.StableDiffusion.Lora(ComponentNames.UNet), same.UNet.state_dict()));
        StoredLayers.Find(same.UNet)[Query["unet.".Length..] + ".weight"].Stored!.SetTerms([lora.Factors(lora.Patches[0], 1)]);
        Assert.NotEqual(key, ContentKeys.ForNetwork(same.UNet, same.UNet.Config));
    }

    [Fact]
    public void What_does_not_work_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new DiffusionPipelineBuilder().UseWeightStorage((WeightStorage)7));
        using var components = DiffusersFolder.Read(Model("sd1"), new CheckpointOptions { Storage = WeightStorage.AsStored });
        using Tensor ids = zeros([1, 16], ScalarType.Int64), latents = zeros([1, 4, 8, 8], requires_grad: true);
        LinearLayer layer = (LinearLayer)StoredLayers.Find(components.UNet).Values.First();
        using Tensor input = zeros([1, layer.Weight.shape[1]], requires_grad: true);

        Assert.Contains("Expanded", Assert.Throws<NotSupportedException>(() => layer.call(input)).Message, StringComparison.Ordinal);
        Assert.Contains(
            "CPU",
            Assert.Throws<NotSupportedException>(() => DiffusersFolder.Read(
                Model("sd1"), new CheckpointOptions { Storage = WeightStorage.AsStored, Device = META })).Message,
            StringComparison.Ordinal);
        Assert.Throws<NotSupportedException>(() => ModuleDevice.Move(components.UNet, META));
    }

    [Fact]
    public void Training_is_refused()
    {
        using var components = DiffusersFolder.Read(Model("sd1"), new CheckpointOptions { Storage = WeightStorage.AsStored });
        var objective = new NoLoss(components.UNet);

        var full = Assert.Throws<NotSupportedException>(() => new Trainer(new TrainingOptions()).Run(objective, _folder["run"]));
        Assert.Contains("'unet' keeps its weights as stored", full.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["run"]));
        var adapters = Assert.Throws<NotSupportedException>(() => new LoraTraining(objective.Modules));
        Assert.Contains("Expanded", adapters.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static DiffusionPipelineBuilder Stored(string model) =>
        new DiffusionPipelineBuilder().UseModelFolder(model, CPU).UseWeightStorage(WeightStorage.AsStored);

    private static byte[] Draw(DiffusionPipelineBuilder builder)
    {
        using DiffusionPipeline pipeline = builder.Build();
        return Draw(pipeline);
    }

    private static byte[] Draw(DiffusionPipeline pipeline) => pipeline.Generate(s_request).Images[0].Image.Rgb.ToArray();

    /// <summary>A folder with weights in bfloat16.</summary>
    private string Model(string family)
    {
        string path = _folder[family];
        if (Directory.Exists(path)) return path;
        using ModelComponents made = FamilyFolders.Make(family);
        DiffusersFolder.Write(made, path, ScalarType.BFloat16);
        return path;
    }

    private string Lora()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        SafetensorsWriter.Write(
            _folder["lora"],
            [
                (Query + ".lora_A.weight", randn([2, 32], generator: generator)),
                (Query + ".lora_B.weight", randn([32, 2], generator: generator)),
            ]);
        return _folder["lora"];
    }

    private sealed class NoLoss(nn.Module network) : ITrainingObjective
    {
        public IReadOnlyDictionary<string, nn.Module> Modules { get; } =
            new Dictionary<string, nn.Module> { [ComponentNames.UNet] = network };

        public Tensor Loss(TrainingStep step) => throw new InvalidOperationException("No step is reached.");
    }
}
