namespace LatentDiffusion;

/// <summary>Opens checkpoint files of every kind.</summary>
public static class Checkpoint
{
    private static readonly string[] s_names = ["diffusion_pytorch_model", "model", "pytorch_model"];

    /// <summary>
    /// Opens a file as what it is: an index of several files by its name, what PyTorch's <c>torch.save</c> writes or wrote
    /// by the first bytes, or else safetensors.
    /// </summary>
    /// <param name="path">Path of the file. Where it is a link it is followed, wherever it leads.</param>
    /// <exception cref="CheckpointException">The file is damaged, of no such kind, or holds more than tensors.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static ITensorSource Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (path.EndsWith(".json", StringComparison.OrdinalIgnoreCase)) return ShardedCheckpoint.Open(path);
        Span<byte> first = stackalloc byte[PickleCheckpoint.SignatureLength];
        using (FileStream stream = File.OpenRead(path)) first = first[..stream.ReadAtLeast(first, first.Length, throwOnEndOfStream: false)];
        return PickleCheckpoint.IsBegunBy(first) ? PickleCheckpoint.Open(path) : SafetensorsFile.Open(path);
    }

    /// <summary>
    /// Opens the weights of one component of a diffusers folder: its file of the variant or, without one, its plain file;
    /// safetensors before PyTorch's, one file before several.
    /// </summary>
    /// <param name="folder">The component's folder, for example <c>unet</c>.</param>
    /// <param name="variant">Variant to look for first, for example <c>fp16</c>; null for none.</param>
    /// <exception cref="FileNotFoundException">The folder has no weights of a known name; the message lists them.</exception>
    /// <exception cref="CheckpointException">The file is damaged, or of no known kind.</exception>
    public static ITensorSource OpenComponent(string folder, string? variant = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string[] candidates = [.. (variant is null ? [] : Names(variant)), .. Names(null)];
        string found = candidates.FirstOrDefault(name => File.Exists(Path.Combine(folder, name)))
            ?? throw new FileNotFoundException($"{folder} has no weights: looked for {string.Join(", ", candidates)}.");
        return Open(Path.Combine(folder, found));
    }

    /// <summary>Whether a file in a component's folder has, by its name, all its weights, some of them, or their index; of whatever variant.</summary>
    internal static bool IsWeights(string file) =>
        s_names.Any(name => file.StartsWith($"{name}.", StringComparison.Ordinal) || file.StartsWith($"{name}-", StringComparison.Ordinal))
        && (file.EndsWith(".safetensors", StringComparison.Ordinal) || file.EndsWith(".bin", StringComparison.Ordinal)
            || (file.Contains(".index.", StringComparison.Ordinal) && file.EndsWith(".json", StringComparison.Ordinal)));

    /// <summary>A variant's name stands before the last extension; some older indices have it before the first.</summary>
    private static IEnumerable<string> Names(string? variant)
    {
        string inserted = variant is null ? "" : $".{variant}";
        foreach (string extension in new[] { ".safetensors", ".bin" })
        {
            foreach (string name in s_names) yield return $"{name}{inserted}{extension}";
            foreach (string name in s_names) yield return $"{name}{extension}.index{inserted}.json";
            if (variant is null) continue;
            foreach (string name in s_names) yield return $"{name}{inserted}{extension}.index.json";
        }
    }
}
