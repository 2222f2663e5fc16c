using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Reads the text encoders of a single file of a transformer, each under its own prefix.</summary>
/// <param name="file">The file.</param>
/// <param name="model">Settings that the file does not contain.</param>
/// <param name="sections">Its tensors by network.</param>
/// <param name="networks">Receives the networks.</param>
internal sealed class TextEncoderReader(
    ITensorSource file, SingleFileOptions model, SingleFileSections sections, SingleFileNetworks networks)
{
    /// <summary>Where the text encoders of files begin.</summary>
    public const string ClipL = Root + "clip_l" + Network, ClipG = Root + "clip_g" + Network, T5 = Root + "t5xxl" + Network,
        Qwen3 = AnyQwen3 + Network;

    private const string Root = "text_encoders.", Network = ".transformer.", AnyQwen3 = Root + "qwen3";

    /// <summary>Where the text encoders begin that the file has. Qwen3's is named after its size.</summary>
    public IReadOnlyList<string> Prefixes => [.. new[] { ClipL, ClipG, T5, Qwen3Prefix }.OfType<string>().Where(sections.Has)];

    private string? Qwen3Prefix => field ??= (
        from entry in file.Entries
        where entry.Name.StartsWith(AnyQwen3, StringComparison.Ordinal)
        let end = entry.Name.IndexOf(Network, StringComparison.Ordinal)
        where end > 0
        select entry.Name[..(end + Network.Length)]).FirstOrDefault();

    /// <summary>Whether a tensor next to the text encoders belongs to no network.</summary>
    public static bool IsNote(string name) => name.StartsWith(Root, StringComparison.Ordinal)
        && (LdmNames.IsNote(name) || name.EndsWith(".spiece_model", StringComparison.Ordinal));

    /// <summary>Whether the file has a text encoder of a type. A CLIP text tower is the first.</summary>
    /// <param name="type">Type of the network.</param>
    public bool Has(Type type) => PrefixOf(type) is { } prefix && sections.Has(prefix);

    /// <summary>Reads a text encoder that the file has.</summary>
    /// <param name="type">Its class.</param>
    /// <param name="component">Its name in a pipeline.</param>
    /// <exception cref="CheckpointException">The file has tensors that do not fit it, or lacks some.</exception>
    public nn.Module Read(NetworkType type, string component)
    {
        Dictionary<string, TensorEntry> stored = sections[PrefixOf(type.Type)!];
        if (type.Type == typeof(ClipTextModel))
        {
            return networks.Load(
                LdmText.WithoutProjection(LdmText.Tensors(stored)),
                (source, layers) => new ClipTextModel(
                    model.Config<ClipTextConfig>(component) ?? LdmText.Infer(source, "quick_gelu"), projection: false, layers));
        }

        using var named = new MappedTensors(file, stored.Select(tensor => new MappedTensor(tensor.Key, tensor.Value)));
        NetworkConfig config;
        MappedTensor[] tensors;
        try
        {
            config = type.Type == typeof(T5EncoderModel)
                ? Config(named, component, T5Names.Map(named), PublishedTexts.InferT5)
                : Config(named, component, Qwen3Names.Map(named), PublishedTexts.InferQwen3);
            tensors = [.. type.Map(config, named)];
        }
        catch (ArgumentOutOfRangeException e)
        {
            // A file of a larger model's first layers.
            throw new CheckpointException(named.Path, $"its text encoder lacks layers that the model reads: {e.Message}", e);
        }

        return networks.Load(
            tensors.Select(tensor => tensor with { Stored = stored[tensor.Stored.Name] }), (_, layers) => type.Build(config, layers));
    }

    /// <summary>
    /// Reads a CLIP text tower with its projection. The first one's file may lack it, which is then the identity, as in the published
    /// folders.
    /// </summary>
    /// <param name="prefix">Where it begins.</param>
    /// <param name="component">Its name in a pipeline.</param>
    /// <param name="activation">Its activation, which no tensor shows.</param>
    public ClipTextModel ReadProjectedClip(string prefix, string component, string activation)
    {
        MappedTensor[] tensors = LdmText.Tensors(sections[prefix]);
        bool projects = tensors.Any(tensor => tensor.Name == LdmText.Projection);
        ClipTextModel network = networks.Load(
            tensors,
            (source, layers) => new ClipTextModel(
                model.Config<ClipTextConfig>(component) ?? LdmText.Infer(source, activation), projection: true, layers),
            absent: projects ? [] : [LdmText.Projection]);
        if (projects) return network;
        using NetworkUse weights = NetworkUse.ToChange(network);
        using IDisposable noGrad = no_grad();
        Tensor projection = network.state_dict()[LdmText.Projection];
        using Tensor identity = eye(projection.shape[0], projection.shape[1], projection.dtype, projection.device);
        projection.copy_(identity);
        return network;
    }

    private NetworkConfig Config<T>(
        MappedTensors named, string component, IEnumerable<MappedTensor> tensors, Func<ITensorSource, T> infer) where T : NetworkConfig
    {
        using var current = new MappedTensors(named, tensors);
        return model.Config<T>(component) ?? infer(current);
    }

    /// <summary>Where the text encoder of a type begins; null for none. A CLIP text tower is the first.</summary>
    public string? PrefixOf(Type type) => type == typeof(ClipTextModel) ? ClipL
        : type == typeof(T5EncoderModel) ? T5
        : type == typeof(Qwen3Model) ? Qwen3Prefix
        : null;
}
