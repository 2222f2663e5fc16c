using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>A class of networks: their configuration, and how they are built from it.</summary>
internal sealed class NetworkType : ComponentType
{
    private readonly Func<string, NetworkConfig> _parse;
    private readonly Func<NetworkConfig, LayerFactory, nn.Module> _build;
    private readonly Func<nn.Module, NetworkConfig> _config;
    private readonly Func<nn.Module, bool>? _writes;
    private Func<NetworkConfig, ITensorSource, IEnumerable<MappedTensor>> _names = (_, source) => DiffusersNames.Map(source);
    private Func<nn.Module, bool> _isPartial = _ => false;
    private string[] _alsoReads = [];

    private NetworkType(
        string className, Type type, Func<string, NetworkConfig> parse, Func<NetworkConfig, LayerFactory, nn.Module> build,
        Func<nn.Module, NetworkConfig> config, Func<nn.Module, bool>? writes) : base(className, type) =>
        (_parse, _build, _config, _writes) = (parse, build, config, writes);

    /// <summary>The <c>model_type</c> of a network of the transformers library; null for one of diffusers.</summary>
    public string? ModelType { get; private init; }

    /// <summary>Name of the file with its weights, where they are written as one.</summary>
    public string WeightsFile => ModelType is null ? "diffusion_pytorch_model.safetensors" : "model.safetensors";

    internal override string Library => ModelType is null ? "diffusers" : "transformers";

    /// <summary>Describes a class.</summary>
    /// <param name="className">Its published name.</param>
    /// <param name="parse">Reads its <c>config.json</c>.</param>
    /// <param name="build">Builds a network with layers of the factory.</param>
    /// <param name="config">The configuration that a network was built from.</param>
    /// <param name="writes">Which networks of the type are of this class; null for all.</param>
    /// <param name="modelType">Its <c>model_type</c>; null for a class of diffusers.</param>
    /// <param name="names">The network's tensors in a file; null for those of diffusers' names.</param>
    /// <param name="isPartial">Whether a network lacks parts of its files, so that it cannot be written; null for none.</param>
    /// <param name="alsoReads">Further classes that are read as this one.</param>
    public static NetworkType Create<TNetwork, TConfig>(
        string className, Func<string, TConfig> parse, Func<TConfig, LayerFactory, TNetwork> build, Func<TNetwork, TConfig> config,
        Func<TNetwork, bool>? writes = null, string? modelType = null,
        Func<TConfig, ITensorSource, IEnumerable<MappedTensor>>? names = null, Func<TNetwork, bool>? isPartial = null,
        params string[] alsoReads)
        where TNetwork : nn.Module where TConfig : NetworkConfig
    {
        var type = new NetworkType(
            className, typeof(TNetwork), parse, (given, layers) => build((TConfig)given, layers), network => config((TNetwork)network),
            writes is null ? null : network => writes((TNetwork)network)) { ModelType = modelType, _alsoReads = alsoReads };
        if (names is not null) type._names = (given, source) => names((TConfig)given, source);
        if (isPartial is not null) type._isPartial = network => isPartial((TNetwork)network);
        return type;
    }

    /// <summary>Reads a configuration.</summary>
    public NetworkConfig Parse(string json) => _parse(json);

    /// <summary>Builds a network.</summary>
    public nn.Module Build(NetworkConfig config, LayerFactory layers) => _build(config, layers);

    /// <summary>The configuration of a network.</summary>
    public NetworkConfig ConfigOf(nn.Module network) => _config(network);

    /// <summary>The network's tensors in a file.</summary>
    public IEnumerable<MappedTensor> Map(NetworkConfig config, ITensorSource source) => _names(config, source);

    /// <summary>Whether a network lacks parts of its files, so that it cannot be written.</summary>
    public bool IsPartial(nn.Module network) => _isPartial(network);

    internal override bool Reads(string className) => base.Reads(className) || _alsoReads.Contains(className);

    internal override bool Writes(object component) => base.Writes(component) && (_writes is null || _writes((nn.Module)component));

    internal override object Read(ComponentFolder folder)
    {
        (nn.Module network, WeightsLayout? layout) = DiffusersComponent.Read(folder.Path, this, folder.Options);
        if (layout is not null) folder.Layouts.Add(folder.Name, layout);
        return network;
    }
}
