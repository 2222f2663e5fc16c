namespace LatentDiffusion;

/// <summary>Opens checkpoint files of every kind.</summary>
public static class Checkpoint
{
    /// <summary>Opens a file as what its first bytes say it is: zip and pickle as PyTorch writes it, or else safetensors.</summary>
    /// <param name="path">Path of the file.</param>
    /// <exception cref="CheckpointException">The file is damaged, of neither kind, or refers to more than tensors and plain containers.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static ITensorSource Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        Span<byte> first = stackalloc byte[4];
        using (FileStream stream = File.OpenRead(path)) stream.ReadAtLeast(first, first.Length, throwOnEndOfStream: false);
        return first.SequenceEqual("PK\u0003\u0004"u8) ? PickleCheckpoint.Open(path) : SafetensorsFile.Open(path);
    }
}
