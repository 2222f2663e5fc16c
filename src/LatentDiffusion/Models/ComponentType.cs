using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>A class of components that model folders name: how it is read from its folder and written to one.</summary>
public abstract class ComponentType
{
    private protected ComponentType(string className, Type type)
    {
        ArgumentException.ThrowIfNullOrEmpty(className);
        (ClassName, Type) = (className, type);
    }

    /// <summary>The published name of the class, for example <c>AutoencoderKL</c>.</summary>
    public string ClassName { get; }

    /// <summary>Type of the object that it is read as.</summary>
    public Type Type { get; }

    /// <summary>The library that <c>model_index.json</c> names for it.</summary>
    internal abstract string Library { get; }

    /// <summary>Describes a network of the application, in a folder with <c>config.json</c> and weights.</summary>
    /// <typeparam name="TNetwork">Type of the network. The names of its parameters are those in the file.</typeparam>
    /// <typeparam name="TConfig">Type of its configuration, whose properties are written in snake case.</typeparam>
    /// <param name="className">The published name of its class.</param>
    /// <param name="build">Builds the network. It is moved to its device and type, and its weights are read, afterwards.</param>
    /// <param name="config">The configuration that a network was built from.</param>
    public static ComponentType Network<TNetwork, TConfig>(string className, Func<TConfig, TNetwork> build, Func<TNetwork, TConfig> config)
        where TNetwork : nn.Module where TConfig : NetworkConfig
    {
        ArgumentNullException.ThrowIfNull(build);
        ArgumentNullException.ThrowIfNull(config);
        return NetworkType.Create<TNetwork, TConfig>(
            className, json => ModelConfigJson.Read<TConfig>(json, className), (given, layers) => layers.Place(build(given)), config);
    }

    /// <summary>Describes a tokenizer, or another component that is not a network.</summary>
    /// <typeparam name="T">Type of the component.</typeparam>
    /// <param name="className">The published name of its class.</param>
    /// <param name="open">Reads a folder.</param>
    /// <param name="save">Writes a component to a folder, which exists.</param>
    public static ComponentType Files<T>(string className, Func<string, T> open, Action<T, string> save) where T : class
    {
        ArgumentNullException.ThrowIfNull(open);
        ArgumentNullException.ThrowIfNull(save);
        return new FilesType(className, typeof(T), folder => open(folder.Path), (component, folder) => save((T)component, folder));
    }

    /// <summary>Whether components of a published class are read as this one.</summary>
    internal virtual bool Reads(string className) => className == ClassName;

    /// <summary>Whether a component is written as this one.</summary>
    internal virtual bool Writes(object component) => Type.IsInstanceOfType(component);

    /// <summary>Reads a component; null where its folder has none for this model.</summary>
    internal abstract object? Read(ComponentFolder folder);
}
