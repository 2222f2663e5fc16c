using System.Text.Json.Nodes;
using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Models in the layout of diffusers: <c>model_index.json</c>, and a folder for each component.</summary>
public static class DiffusersFolder
{
    internal const string IndexFile = "model_index.json", SchedulerFile = "scheduler_config.json", Scheduler = "scheduler";

    /// <summary>Reads the components of a pipeline.</summary>
    /// <param name="folder">A folder with a <c>model_index.json</c>. Links in it may not lead out of it, but for those of a hub's cache.</param>
    /// <param name="options">How it is loaded; null for the CPU and the files' own types.</param>
    /// <exception cref="FileNotFoundException">A file is missing; the message names it.</exception>
    /// <exception cref="DirectoryNotFoundException">A component is missing; the message names it.</exception>
    /// <exception cref="CheckpointException">A file is damaged, does not fit its configuration, or leads out of the folder.</exception>
    /// <exception cref="InvalidDataException">A configuration cannot be read, or contradicts itself.</exception>
    /// <exception cref="NotSupportedException">The class of a network, or the value of an option, is not known; the message names it.</exception>
    public static StableDiffusionComponents Read(string folder, CheckpointOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string root = Root(folder);
        FolderPath.CheckFiles(root, root);
        JsonObject index = PublishedJson.ReadObject(Path.Combine(root, IndexFile));
        return new FolderReader(root, index, options ?? new CheckpointOptions()).Read();
    }

    /// <summary>
    /// Writes the components of a pipeline. What was read from a folder is written as it was: the same weights byte for
    /// byte, and with them the components that are no networks known here. The folder is complete only when its
    /// <c>model_index.json</c> is there, which is written last. An older one is deleted first, and the older weights of each
    /// component once the new ones are written.
    /// </summary>
    /// <param name="components">The components.</param>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="type">Type of the weights; null for that of the files they were read from, or else their own.</param>
    /// <exception cref="ArgumentException">It is the folder that they were read from.</exception>
    /// <exception cref="InvalidOperationException">They were read from a single file that has no autoencoder.</exception>
    public static void Write(StableDiffusionComponents components, string folder, ScalarType? type = null)
    {
        ArgumentNullException.ThrowIfNull(components);
        ArgumentException.ThrowIfNullOrEmpty(folder);
        _ = components.Autoencoder;
        new FolderWriter(components, Root(folder), type).Write();
    }

    /// <summary>Reads a single U-Net.</summary>
    /// <param name="folder">A folder with its <c>config.json</c> and weights.</param>
    /// <param name="options">How it is loaded; null for the CPU and the file's own type.</param>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static UNet2DConditionModel ReadUNet(string folder, CheckpointOptions? options = null) => ReadNetwork<UNet2DConditionModel>(folder, options);

    /// <summary>Reads a single ControlNet, as they are published.</summary>
    /// <param name="folder">
    /// A folder with its <c>config.json</c> and weights, or a single file (<c>.safetensors</c>, <c>.pth</c>) with the original
    /// names, whose configuration follows from its tensors.
    /// </param>
    /// <param name="options">How it is loaded; null for the CPU and the file's own type.</param>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static ControlNetModel ReadControlNet(string folder, CheckpointOptions? options = null) => File.Exists(folder)
        ? SingleFileCheckpoint.ReadControlNet(folder, options ?? new CheckpointOptions())
        : ReadNetwork<ControlNetModel>(folder, options);

    /// <summary>Reads a single autoencoder: an <see cref="AutoencoderKL"/>, <see cref="AutoencoderTiny"/> or <see cref="VQModel"/>.</summary>
    /// <param name="folder">
    /// A folder with its <c>config.json</c> and weights, or a single file with the original names of an
    /// <see cref="AutoencoderKL"/>: on its own, or a whole model. The scale of the latents, which no tensor shows, is XL's where
    /// the file is of XL or its header says so (<c>modelspec.architecture</c>), and otherwise that of SD 1.x and 2.x.
    /// </param>
    /// <param name="options">How it is loaded; null for the CPU and the file's own type.</param>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static nn.Module<Tensor, Tensor> ReadAutoencoder(string folder, CheckpointOptions? options = null) => File.Exists(folder)
        ? SingleFileCheckpoint.ReadAutoencoder(folder, options ?? new CheckpointOptions())
        : ReadNetwork<nn.Module<Tensor, Tensor>>(folder, options);

    /// <summary>Reads a single text tower.</summary>
    /// <inheritdoc cref="ReadUNet"/>
    public static ClipTextModel ReadTextEncoder(string folder, CheckpointOptions? options = null) => ReadNetwork<ClipTextModel>(folder, options);

    // One folder has one path, with and without a separator at its end.
    private static string Root(string folder) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));

    private static T ReadNetwork<T>(string folder, CheckpointOptions? options) where T : nn.Module
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string root = Path.GetFullPath(folder);
        FolderPath.CheckFiles(root, root);
        (nn.Module network, _) = DiffusersComponent.Read(root, className: null, options ?? new CheckpointOptions());
        if (network is T expected) return expected;
        network.Dispose();
        throw new InvalidDataException($"{root} holds a {network.GetType().Name}, not a {typeof(T).Name}.");
    }
}
