using LatentDiffusion.Tests.Checkpoints;
using static TorchSharp.torch;

namespace LatentDiffusion.Fuzzing;

/// <summary>Models: configurations with weights, and single files.</summary>
internal static class ModelTargets
{
    /// <summary>What reading a folder may throw.</summary>
    public static Type[] Refusals { get; } =
    [
        typeof(CheckpointException), typeof(InvalidDataException), typeof(NotSupportedException), typeof(FileNotFoundException),
        typeof(DirectoryNotFoundException),
    ];

    private static readonly string[] s_values =
    [
        "1000000000", "2147483647", "-2147483648", "3", "7", "65536", "[1000000000]", "[32,64,32,64]", "[0,0]",
        "\"CrossAttnDownBlock2D\"", "\"DownBlock2D\"", "\"AttnDownBlock2D\"", "\"silu\"", "\"gelu\"", "\"scale_shift\"",
        "\"text_time\"", "\"spatial\"", "\"text\"", "[[1,2],[3,4]]", "\"UNet2DConditionModel\"", "\"AutoencoderKL\"", "[\"CLIPTextModel\"]",
    ];

    public static FuzzTarget UNet(string name, string folder) =>
        Config(name, folder, m => m.UNet, path => DiffusersFolder.ReadNetwork<UNet2DConditionModel>(path));

    public static FuzzTarget AutoencoderKL(string name, string folder) =>
        Config(name, folder, m => m.Autoencoder, path => DiffusersFolder.ReadAutoencoder(path));

    public static FuzzTarget Text(string name, string folder) =>
        Config(name, folder, m => m.TextEncoder!, path => DiffusersFolder.ReadNetwork<ClipTextModel>(path));

    public static FuzzTarget T5(string name, string folder) => Config(
        name, folder,
        _ => new T5Config
        {
            VocabSize = 20, DModel = 8, DKv = 4, DFf = 16, NumLayers = 2, NumHeads = 2, FeedForwardProj = "gated-gelu",
        }.Build(),
        path => DiffusersFolder.ReadNetwork<T5EncoderModel>(path));

    public static FuzzTarget Qwen3(string name, string folder) => Config(
        name, folder,
        _ => new Qwen3Config
        {
            VocabSize = 20, HiddenSize = 8, IntermediateSize = 16, NumHiddenLayers = 2, NumAttentionHeads = 4, NumKeyValueHeads = 2,
            HeadDim = 4,
        }.Build(),
        path => DiffusersFolder.ReadNetwork<Qwen3Model>(path));

    public static FuzzTarget ControlNet(string name, string folder) => Config(
        name, folder,
        _ => new ControlNetConfig
        {
            BlockOutChannels = [16, 16], DownBlockTypes = ["CrossAttnDownBlock2D", "DownBlock2D"], NormNumGroups = 8,
            CrossAttentionDim = 6, AttentionHeadDim = 4, ConditioningEmbeddingOutChannels = [8, 8],
        }.Build(),
        path => DiffusersFolder.ReadNetwork<ControlNetModel>(path));

    public static FuzzTarget AutoencoderTiny(string name, string folder) => Config(
        name, folder,
        _ => new AutoencoderTinyConfig
        {
            EncoderBlockOutChannels = [8, 8], DecoderBlockOutChannels = [8, 8], NumEncoderBlocks = [1, 1], NumDecoderBlocks = [1, 1],
        }.Build(),
        path => DiffusersFolder.ReadAutoencoder(path));

    public static FuzzTarget VQ(string name, string folder) => Config(
        name, folder, _ => new VQConfig { BlockOutChannels = [32], NormNumGroups = 8 }.Build(),
        path => DiffusersFolder.ReadAutoencoder(path));

    public static FuzzTarget Index(string name, string folder)
    {
        using (ModelComponents model = TinyModels.Make("sd1")) DiffusersFolder.Write(model, folder);
        string path = Path.Combine(folder, "model_index.json"), json = File.ReadAllText(path);
        string[] values =
        [
            "[\"diffusers\",\"UNet2DConditionModel\"]", "[\"diffusers\",null]", "[null,null]", "\"unet\"", "\"vae\"", "\"../vae\"",
        ];
        return new FuzzTarget(
            name, random => JsonMutation.Bytes(json, random, values),
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                DiffusersFolder.Read(folder).Dispose();
            },
            Refusals);
    }

    public static FuzzTarget Scheduler(string name, string folder)
    {
        string[] classes =
        [
            "DDIMScheduler", "EulerDiscreteScheduler", "DPMSolverMultistepScheduler", "FlowMatchEulerDiscreteScheduler", "LCMScheduler",
            "UniPCMultistepScheduler",
        ];
        string[] seeds = [.. classes.Select(c => NoiseScheduler.FromConfig(SchedulerConfig.Empty.WithClass(c)).ToConfig().ToJson()
            .Replace("-Infinity", "\"-Infinity\"", StringComparison.Ordinal))];
        string[] values =
        [
            "\"linear\"", "\"scaled_linear\"", "\"squaredcos_cap_v2\"", "\"v_prediction\"", "\"trailing\"", "\"PNDMScheduler\"",
            "[0.1,0.2]", "\"Infinity\"", "2000000000", "1e-300",
        ];
        return new FuzzTarget(
            name, random => JsonMutation.Bytes(seeds[random.Next(seeds.Length)], random, values),
            bytes =>
            {
                NoiseScheduler scheduler = NoiseScheduler.FromConfig(SchedulerConfig.Parse(System.Text.Encoding.UTF8.GetString(bytes)));
                scheduler.Plan(new SamplingOptions { Steps = 4 }, new LatentShape(4, 8, 8));
            },
            typeof(ArgumentException), typeof(InvalidDataException), typeof(NotSupportedException));
    }

    public static FuzzTarget SingleFile(string name, string folder)
    {
        string path = Path.Combine(folder, "a.safetensors");
        using (ModelComponents model = TinyModels.Make("sd1")) LdmWriter.Write(model, path);
        byte[] seed = File.ReadAllBytes(path);
        string[] pieces =
        [
            "model.diffusion_model.", "first_stage_model.", "cond_stage_model.transformer.", "cond_stage_model.model.",
            "conditioner.embedders.0.transformer.", "input_blocks.1.0.", "decoder.up.99999999999.", "decoder.up.0.", ".in_layers.0.",
            "[1,1,1,1]", "[]",
        ];
        return new FuzzTarget(
            name, random => SafetensorsMutation.Apply(seed, random, pieces),
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                SingleFileCheckpoint.Read(path).Dispose();
            },
            typeof(CheckpointException));
    }

    private static FuzzTarget Config(string name, string folder, Func<ModelComponents, nn.Module> choose, Func<string, nn.Module> read)
    {
        using ModelComponents model = TinyModels.Make("sd1");
        using (nn.Module network = choose(model)) DiffusersFolder.WriteNetwork(network, folder);
        string path = Path.Combine(folder, "config.json"), json = File.ReadAllText(path);
        return new FuzzTarget(
            name, random => JsonMutation.Bytes(json, random, s_values),
            bytes =>
            {
                File.WriteAllBytes(path, bytes);
                read(folder).Dispose();
            },
            Refusals);
    }
}
