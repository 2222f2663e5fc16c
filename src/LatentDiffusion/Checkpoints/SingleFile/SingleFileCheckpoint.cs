using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Models in one file with the names of the code that they were published with, safetensors or PyTorch's <c>.ckpt</c>. Of Stable
/// Diffusion: SD 1.x, 2.x, XL and its refiner, with 4, 8 or 9 channels, and those distilled from them whose blocks have unequal
/// depths or no middle (SSD-1B, tiny-sd).
/// </summary>
public static class SingleFileCheckpoint
{
    /// <summary>
    /// Reads the components of a pipeline. The file may lack its autoencoder, and its text encoders: the components then have
    /// none.
    /// </summary>
    /// <param name="path">Path of the file.</param>
    /// <param name="options">How it is loaded; null for the CPU and the file's own types.</param>
    /// <param name="model">Settings that the file does not contain; null for the published ones.</param>
    /// <exception cref="CheckpointException">
    /// The file is damaged, is not a model of a known family, or has tensors that fit none of its networks; the message names them.
    /// </exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static ModelComponents Read(string path, CheckpointOptions? options = null, SingleFileOptions? model = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new CheckpointOptions();
        using ITensorSource file = Checkpoint.Open(path);
        return ModelFamilies.ForFile(options.Families, file).ReadFile(file, options, model ?? new SingleFileOptions());
    }

    /// <summary>
    /// Writes the networks of a pipeline as one safetensors file with the names of the original code: of the Stable Diffusion family.
    /// The prediction type and a schedule without signal at its end are in the file; its tokenizers are not.
    /// </summary>
    /// <param name="components">The components.</param>
    /// <param name="path">Path of the file; its folder exists. It is replaced when the new one is complete.</param>
    /// <param name="type">Type of the weights; null for their own.</param>
    /// <exception cref="NotSupportedException">
    /// The model is of another family, or a file has no form for one of its components; the message says which.
    /// </exception>
    public static void Write(ModelComponents components, string path, ScalarType? type = null)
    {
        ArgumentNullException.ThrowIfNull(components);
        ArgumentException.ThrowIfNullOrEmpty(path);
        components.Family.WriteFile(components, path, type);
    }

    /// <summary>Reads one network: one on its own, or that of a whole model.</summary>
    internal static T ReadNetwork<T>(string path, CheckpointOptions options) where T : nn.Module
    {
        using ITensorSource file = Checkpoint.Open(path);
        if (typeof(T).IsAssignableFrom(typeof(AutoencoderTiny)) && TinyCheckpoint.IsTiny(file))
            return (T)(nn.Module)TinyCheckpoint.Read(file, options);
        nn.Module network = options.Families.Concat(ModelFamilies.All)
            .Select(family => family.ReadNetworkFile(file, typeof(T), options)).FirstOrDefault(network => network is not null)
            ?? throw new NotSupportedException($"A {typeof(T).Name} cannot be read from a single file: {path}.");
        if (network is T read) return read;
        network.Dispose();
        throw new InvalidDataException($"{path} holds a {network.GetType().Name}, not a {typeof(T).Name}.");
    }
}
