using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Reads the components that a <c>model_index.json</c> names.</summary>
/// <param name="root">The model's folder.</param>
/// <param name="index">Its index.</param>
/// <param name="options">How it is loaded.</param>
internal sealed class FolderReader(string root, JsonObject index, CheckpointOptions options)
{
    /// <summary>What the index says of SDXL beside its components.</summary>
    public const string ForceZeros = "force_zeros_for_empty_prompt", AestheticsScore = "requires_aesthetics_score";

    private static readonly string[] s_known =
        ["unet", "vae", "text_encoder", "text_encoder_2", "tokenizer", "tokenizer_2", DiffusersFolder.Scheduler, DiffusersNames.ControlNet(0)];

    private readonly List<nn.Module> _read = [];
    private readonly Dictionary<string, WeightsLayout> _layouts = [];

    public StableDiffusionComponents Read()
    {
        LogIgnored();
        // Before the weights, which take longer.
        SchedulerConfig scheduler = ReadScheduler();
        try
        {
            ClipTextModel? text = Network<ClipTextModel>("text_encoder"), text2 = Network<ClipTextModel>("text_encoder_2");
            return new StableDiffusionComponents
            {
                PipelineClass = PipelineClass,
                UNet = Required<UNet2DConditionModel>("unet"),
                Autoencoder = Required<nn.Module<Tensor, Tensor>>("vae"),
                TextEncoder = text,
                TextEncoder2 = text2,
                Tokenizer = Tokenizer("tokenizer", text),
                Tokenizer2 = Tokenizer("tokenizer_2", text2),
                ControlNets = ControlNets(),
                Scheduler = scheduler,
                ForceZerosForEmptyPrompt = Flag(ForceZeros, whenAbsent: true),
                RequiresAestheticsScore = Flag(AestheticsScore, whenAbsent: false),
                Index = index,
                Folder = root,
                Layouts = _layouts,
            };
        }
        catch
        {
            foreach (nn.Module network in _read) network.Dispose();
            throw;
        }
    }

    /// <summary>The class that the index gives a component; null for one that is not there or null.</summary>
    public static string? ClassOf(JsonObject index, string name) =>
        index[name] is JsonArray { Count: 2 } entry && entry[1] is JsonValue value && value.TryGetValue(out string? className) ? className : null;

    /// <summary>A safety checker, a feature extractor, and what pipelines of other projects have in addition.</summary>
    private void LogIgnored()
    {
        string[] others = [.. index.Select(entry => entry.Key).Where(name => ClassOf(index, name) is not null && !s_known.Contains(name))];
        if (others.Length > 0) options.Logger?.ComponentsIgnored(Path.Combine(root, DiffusersFolder.IndexFile), MessageText.List(others));
    }

    private bool Flag(string name, bool whenAbsent) => index[name] switch
    {
        null => whenAbsent,
        JsonValue value when value.TryGetValue(out bool flag) => flag,
        _ => throw new InvalidDataException($"{Path.Combine(root, DiffusersFolder.IndexFile)}: {name} is neither true nor false."),
    };

    /// <summary>A class of another project is written with the name of its module before it.</summary>
    private string PipelineClass =>
        (index["_class_name"] is JsonArray { Count: > 0 } named ? named[^1] : index["_class_name"]) is JsonValue value && value.TryGetValue(out string? name) ? name : "StableDiffusionPipeline";

    private T Required<T>(string name) where T : nn.Module => Network<T>(name) ?? throw new InvalidDataException(
        $"{Path.Combine(root, DiffusersFolder.IndexFile)} has no component '{name}', which a pipeline of the Stable Diffusion family needs. It describes a {MessageText.Cut(PipelineClass, 100)} of {MessageText.List([.. index.Select(e => e.Key).Where(key => ClassOf(index, key) is not null)])}.");

    private T? Network<T>(string name) where T : nn.Module => ClassOf(index, name) is { } className ? Network<T>(name, className) : null;

    private T Network<T>(string name, string className) where T : nn.Module
    {
        (nn.Module network, WeightsLayout? layout) = DiffusersComponent.Read(FolderPath.Component(root, name), className, options);
        _read.Add(network);
        if (layout is not null) _layouts.Add(name, layout);
        return network as T ?? throw new InvalidDataException($"{Path.Combine(root, DiffusersFolder.IndexFile)} says that '{name}' is a {className}.");
    }

    /// <summary>None, one, or as many as there are folders one after the other, whose number is written nowhere.</summary>
    private List<ControlNetModel> ControlNets()
    {
        string first = DiffusersNames.ControlNet(0);
        if (ClassOf(index, first) != DiffusersNames.SeveralControlNets) return Network<ControlNetModel>(first) is { } one ? [one] : [];
        var networks = new List<ControlNetModel>();
        do networks.Add(Network<ControlNetModel>(DiffusersNames.ControlNet(networks.Count), nameof(ControlNetModel)));
        while (Directory.Exists(Path.Combine(root, DiffusersNames.ControlNet(networks.Count))));
        return networks;
    }

    private ClipTokenizerFiles? Tokenizer(string name, ClipTextModel? text) => text is null || ClassOf(index, name) is null
        ? null
        : ClipTokenizerFiles.Open(FolderPath.Component(root, name), text.Config.MaxPositionEmbeddings);

    private SchedulerConfig ReadScheduler()
    {
        string path = Path.Combine(FolderPath.Component(root, DiffusersFolder.Scheduler), DiffusersFolder.SchedulerFile);
        SchedulerConfig config = PublishedJson.Named(path, () => SchedulerConfig.Parse(PublishedJson.ReadText(path)));
        return config.ClassName is null && ClassOf(index, DiffusersFolder.Scheduler) is { } className ? config.WithClass(className) : config;
    }
}
