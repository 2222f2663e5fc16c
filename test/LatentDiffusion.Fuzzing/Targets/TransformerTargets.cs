using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LatentDiffusion.Fuzzing;

/// <summary>Configurations and indexes of the transformer families.</summary>
internal static class TransformerTargets
{
    private static readonly string[] s_values =
    [
        "1000000000", "2147483647", "-2147483648", "0", "3", "7", "65536", "1e-300", "[4,6,6]", "[1000000000]", "[0,0]", "[]", "[[2]]",
        "true", "\"silu\"", "\"gelu\"", "\"rms_norm\"", "\"FluxTransformer2DModel\"", "\"Flux2Transformer2DModel\"", "{}",
    ];

    public static FuzzTarget StableDiffusion3(string name, string folder) => Config<SD3Transformer2DModel>(
        name, folder,
        new SD3TransformerConfig
        {
            SampleSize = 16, NumLayers = 2, AttentionHeadDim = 16, NumAttentionHeads = 2, JointAttentionDim = 8, CaptionProjectionDim = 32,
            PooledProjectionDim = 8, PosEmbedMaxSize = 8, QkNorm = "rms_norm", DualAttentionLayers = [0],
        }.Build());

    public static FuzzTarget Flux(string name, string folder) => Config<FluxTransformer2DModel>(
        name, folder,
        new FluxTransformerConfig
        {
            InChannels = 16, NumLayers = 1, NumSingleLayers = 1, AttentionHeadDim = 16, NumAttentionHeads = 2, JointAttentionDim = 8,
            PooledProjectionDim = 8, GuidanceEmbeds = true, AxesDimsRope = [4, 6, 6],
        }.Build());

    public static FuzzTarget Flux2(string name, string folder) => Config<Flux2Transformer2DModel>(name, folder, Flux2Config.Build());

    public static FuzzTarget Chroma(string name, string folder) => Config<ChromaTransformer2DModel>(
        name, folder,
        new ChromaTransformerConfig
        {
            InChannels = 16, NumLayers = 1, NumSingleLayers = 1, AttentionHeadDim = 16, NumAttentionHeads = 2, JointAttentionDim = 8,
            AxesDimsRope = [4, 6, 6], ApproximatorNumChannels = 16, ApproximatorHiddenDim = 24, ApproximatorLayers = 1,
        }.Build());

    public static FuzzTarget ZImage(string name, string folder) => Config<ZImageTransformer2DModel>(
        name, folder,
        new ZImageTransformerConfig
        {
            InChannels = 4, Dim = 32, NLayers = 1, NRefinerLayers = 1, NHeads = 2, NKvHeads = 2, CapFeatDim = 8, AxesDims = [4, 6, 6],
            AxesLens = [64, 32, 32],
        }.Build());

    public static FuzzTarget Flux2Autoencoder(string name, string folder) =>
        Config<AutoencoderKLFlux2>(name, folder, AutoencoderConfig.Build());

    public static FuzzTarget Mistral(string name, string folder)
    {
        const string Config = """
            { "architectures": ["Mistral3ForConditionalGeneration"], "model_type": "mistral3", "text_config": {
              "attention_dropout": 0.0, "head_dim": 4, "hidden_act": "silu", "hidden_size": 8, "intermediate_size": 16,
              "model_type": "mistral", "num_attention_heads": 4, "num_hidden_layers": 31, "num_key_value_heads": 2,
              "rms_norm_eps": 1e-05, "rope_theta": 1000000000.0, "sliding_window": null, "vocab_size": 20 } }
            """;
        using (Qwen3Model network = MistralConfig.FromJson(Config).Build())
            SafetensorsWriter.Write(Path.Combine(Directory.CreateDirectory(folder).FullName, "model.safetensors"), network.state_dict());
        return Files(name, folder, Config, path => DiffusersFolder.ReadNetwork<Qwen3Model>(path));
    }

    public static FuzzTarget Index(string name, string folder)
    {
        using (var model = new ModelComponents(
            ModelFamilies.Flux2, "Flux2KleinPipeline", SchedulerConfig.Empty.WithClass("FlowMatchEulerDiscreteScheduler"))
        {
            [ComponentNames.Transformer] = Flux2Config.Build(), [ComponentNames.Autoencoder] = AutoencoderConfig.Build(),
        })
            DiffusersFolder.Write(model, folder);
        string path = Path.Combine(folder, "model_index.json");
        JsonObject index = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        index["is_distilled"] = true;
        string json = index.ToJsonString();
        string[] values =
        [
            "[\"diffusers\",\"Flux2Transformer2DModel\"]", "[\"transformers\",\"Mistral3ForConditionalGeneration\"]", "[null,null]",
            "\"transformer\"", "\"../vae\"", "\"Flux2Pipeline\"", "\"FluxPipeline\"", "\"true\"", "1",
        ];
        return new FuzzTarget(
            name, random => JsonMutation.Bytes(json, random, values),
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                DiffusionModel.Open(folder, CPU).Dispose();
            },
            ModelTargets.Refusals);
    }

    private static Flux2TransformerConfig Flux2Config { get; } = new()
    {
        InChannels = 16, NumLayers = 1, NumSingleLayers = 1, AttentionHeadDim = 16, NumAttentionHeads = 2, JointAttentionDim = 8,
        TimestepGuidanceChannels = 32, AxesDimsRope = [4, 4, 4, 4], GuidanceEmbeds = false,
    };

    private static AutoencoderKLFlux2Config AutoencoderConfig { get; } = new()
    {
        BlockOutChannels = [8, 8], DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"],
        UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"], LayersPerBlock = 1, LatentChannels = 4, NormNumGroups = 4,
    };

    private static FuzzTarget Config<TNetwork>(string name, string folder, TNetwork network) where TNetwork : nn.Module
    {
        using (network) DiffusersFolder.WriteNetwork(network, folder);
        return Files(
            name, folder, File.ReadAllText(Path.Combine(folder, "config.json")), path => DiffusersFolder.ReadNetwork<TNetwork>(path));
    }

    private static FuzzTarget Files(string name, string folder, string json, Func<string, nn.Module> read)
    {
        string path = Path.Combine(folder, "config.json");
        return new FuzzTarget(
            name, random => JsonMutation.Bytes(json, random, s_values),
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                read(folder).Dispose();
            },
            ModelTargets.Refusals);
    }
}
