using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>Models in the layout of diffusers: <c>model_index.json</c>, and a folder for each component.</summary>
/// <example>
/// <code>
/// using LatentDiffusion.Checkpoints;
/// using LatentDiffusion.Models;
/// using static TorchSharp.torch;
///
/// using ModelComponents model = DiffusersFolder.Read("models/stable-diffusion-v1-5");
/// DiffusersFolder.Write(model, "models/half-the-size", ScalarType.Float16);
/// </code>
/// </example>
public static class DiffusersFolder
{
    internal const string IndexFile = "model_index.json", SchedulerFile = "scheduler_config.json", Scheduler = "scheduler";

    /// <summary>Reads the components of a pipeline.</summary>
    /// <param name="folder">
    /// A folder with a <c>model_index.json</c>. Links in it may not lead out of it, except for those of a hub's cache.
    /// </param>
    /// <param name="options">How it is loaded; null for the CPU and the files' own types.</param>
    /// <exception cref="FileNotFoundException">A file is missing; the message names it.</exception>
    /// <exception cref="DirectoryNotFoundException">A component is missing; the message names it.</exception>
    /// <exception cref="CheckpointException">A file is damaged, does not fit its configuration, or leads out of the folder.</exception>
    /// <exception cref="InvalidDataException">A configuration cannot be read, or contradicts itself.</exception>
    /// <exception cref="NotSupportedException">
    /// The class of the pipeline or of a component, or the value of an option, is not known; the message names it.
    /// </exception>
    public static ModelComponents Read(string folder, CheckpointOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string root = Root(folder);
        FolderPath.CheckFiles(root, root);
        JsonObject index = PublishedJson.ReadObject(Path.Combine(root, IndexFile));
        return new FolderReader(root, index, options ?? new CheckpointOptions()).Read();
    }

    /// <summary>
    /// Writes the components of a pipeline. What was read from a folder is written as it was: the same weights byte for
    /// byte, and with them the components that the library does not read. The folder is complete only when its
    /// <c>model_index.json</c> is there, which is written last. An older one is deleted first, and the older weights of each
    /// component once the new ones are written.
    /// </summary>
    /// <param name="components">The components.</param>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="type">Type of the weights; null for that of the files they were read from, or else their own.</param>
    /// <exception cref="ArgumentException">It is the folder that they were read from.</exception>
    /// <exception cref="InvalidOperationException">They were read from a single file that lacks a component.</exception>
    public static void Write(ModelComponents components, string folder, ScalarType? type = null)
    {
        ArgumentNullException.ThrowIfNull(components);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        foreach (ComponentDescription component in components.Family.Components)
            if (component.IsRequired && components[component.Name] is null)
                throw new InvalidOperationException($"The model has no '{component.Name}'; a {components.Family.Name} folder needs one.");
        new FolderWriter(components, Root(folder), type).Write();
    }

    /// <summary>Reads a single network of a class that a family knows.</summary>
    /// <typeparam name="T">Type of the network, for example <see cref="ControlNetModel"/>.</typeparam>
    /// <param name="path">
    /// A folder with its <c>config.json</c> and weights. A ControlNet or an autoencoder may also be a single file
    /// (<c>.safetensors</c>, <c>.pth</c>) with the original names, on its own or within a whole model; its configuration follows
    /// from its tensors.
    /// </param>
    /// <param name="options">How it is loaded; null for the CPU and the file's own type.</param>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static T ReadNetwork<T>(string path, CheckpointOptions? options = null) where T : nn.Module
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new CheckpointOptions();
        if (File.Exists(path)) return SingleFileCheckpoint.ReadNetwork<T>(path, options);
        string root = Path.GetFullPath(path);
        FolderPath.CheckFiles(root, root);
        string className = DiffusersComponent.ClassOf(root);
        if (ModelFamilies.TypeOf(options.Families, className) is not NetworkType type)
            throw new NotSupportedException($"{root} holds a '{MessageText.Truncate(className, 100)}', a network that is not known.");
        if (!type.Type.IsAssignableTo(typeof(T)))
            throw new InvalidDataException($"{root} holds a {type.Type.Name}, not a {typeof(T).Name}.");
        (nn.Module network, _) = DiffusersComponent.Read(root, type, options);
        return (T)network;
    }

    /// <summary>
    /// Reads a single autoencoder: an <see cref="AutoencoderKL"/>, <see cref="AsymmetricAutoencoderKL"/>,
    /// <see cref="ConsistencyDecoderVAE"/>, <see cref="AutoencoderKLFlux2"/>, <see cref="AutoencoderTiny"/> or <see cref="VQModel"/>.
    /// </summary>
    /// <param name="path">
    /// A folder with its <c>config.json</c> and weights, or a single file: a whole model or an <see cref="AutoencoderKL"/> with the
    /// original names, or a tiny autoencoder (<see cref="TinyCheckpoint.OpenFile"/>). The scale of the latents,
    /// which no tensor shows, is XL's where the file is of XL or its header names it (<c>modelspec.architecture</c>), and otherwise that
    /// of SD 1.x and 2.x.
    /// </param>
    /// <param name="options">How it is loaded; null for the CPU and the file's own type.</param>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static nn.Module<Tensor, Tensor> ReadAutoencoder(string path, CheckpointOptions? options = null) =>
        ReadNetwork<nn.Module<Tensor, Tensor>>(path, options);

    /// <summary>Writes a single network of a class that a registered family knows.</summary>
    /// <param name="network">The network.</param>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="type">Type of the weights; null for their own.</param>
    /// <exception cref="NotSupportedException">No family knows its class.</exception>
    public static void WriteNetwork(nn.Module network, string folder, ScalarType? type = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        DiffusersComponent.Write(network, ModelFamilies.TypeOf(network), folder, layout: null, type);
    }

    // One folder has one path, with and without a separator at its end.
    private static string Root(string folder) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
}
