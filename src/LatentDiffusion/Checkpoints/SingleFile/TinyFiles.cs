namespace LatentDiffusion.Checkpoints;

/// <summary>
/// The names of files that hold one half of a tiny autoencoder each: <c>taesd_encoder.pth</c> and <c>taesd_decoder.pth</c>.
/// </summary>
internal static class TinyFiles
{
    private static readonly string[] s_extensions = [".safetensors", ".pth", ".pt"];

    /// <summary>The name of the file with the other half; null where the name does not say which half it is.</summary>
    /// <param name="path">Path of one half.</param>
    /// <param name="half">The half that it holds.</param>
    /// <param name="other">The other half.</param>
    public static string? NameOfOther(string path, string half, string other)
    {
        string name = Path.GetFileName(path);
        int at = name.LastIndexOf(half, StringComparison.OrdinalIgnoreCase);
        return at < 0 ? null : name[..at] + other + name[(at + half.Length)..];
    }

    /// <summary>The file with the other half next to one, with the same or another extension.</summary>
    /// <exception cref="CheckpointException">It does not exist.</exception>
    public static string FindOther(string path, string half, string other)
    {
        if (NameOfOther(path, half, other) is not { } name)
        {
            throw new CheckpointException(
                path, $"it holds only the {half} of a tiny autoencoder, and its name does not contain '{half}', so that the file of the "
                + $"{other} cannot be found.");
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!, stem = Path.GetFileNameWithoutExtension(name);
        return new[] { name }.Concat(s_extensions.Select(extension => stem + extension))
            .Select(candidate => Path.Combine(folder, candidate)).FirstOrDefault(File.Exists)
            ?? throw new CheckpointException(
                path, $"it holds only the {half} of a tiny autoencoder; expected '{name}' with the {other} next to it.");
    }
}
