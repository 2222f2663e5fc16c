namespace LatentDiffusion.Checkpoints;

/// <summary>Opens checkpoint files of any supported kind.</summary>
public static class Checkpoint
{
    /// <summary>
    /// Opens a file by its kind: an index of several files by its name, GGUF files and files of PyTorch's <c>torch.save</c> by their first
    /// bytes, otherwise safetensors. Weights that are float8 with a scale, as ComfyUI and ModelOpt write them, are multiplied by it.
    /// </summary>
    /// <param name="path">Path of the file. Links are followed, wherever they lead.</param>
    /// <exception cref="CheckpointException">The file is damaged, of another kind, or contains more than tensors.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static ITensorSource Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return ScaledFloat8.Apply(OpenStored(path));
    }

    /// <summary>The same without the scales of weights, which may be in another file than the weights.</summary>
    internal static ITensorSource OpenStored(string path)
    {
        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) return ShardedCheckpoint.Open(path);
        Span<byte> first = stackalloc byte[PickleCheckpoint.SignatureLength];
        using (FileStream stream = File.OpenRead(path))
            first = first[..stream.ReadAtLeast(first, first.Length, throwOnEndOfStream: false)];
        if (GgufFile.HasSignature(first)) return GgufFile.Open(path);
        return PickleCheckpoint.HasSignature(first) ? PickleCheckpoint.Open(path) : SafetensorsFile.Open(path);
    }

    /// <summary>
    /// Opens the weights of one component of a diffusers folder: the file of the variant or, without one, the plain file;
    /// safetensors before PyTorch's, one file before several. If a folder has a single variant and no plain file, opens that.
    /// </summary>
    /// <param name="folder">The component's folder, for example <c>unet</c>.</param>
    /// <param name="variant">Variant to look for first, for example <c>fp16</c>; null for none.</param>
    /// <exception cref="FileNotFoundException">
    /// The folder has no weights of a known name; the message lists the names, or the variants that it has.
    /// </exception>
    /// <exception cref="CheckpointException">The file is damaged, of an unknown kind, or left by a failed download.</exception>
    public static ITensorSource OpenComponent(string folder, string? variant = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        return Open(ComponentWeights.Find(folder, variant, logger: null));
    }
}
