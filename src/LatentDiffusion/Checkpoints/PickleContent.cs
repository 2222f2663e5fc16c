namespace LatentDiffusion.Checkpoints;

/// <summary>Content of a PyTorch checkpoint and the positions of its values, for any container.</summary>
/// <param name="Root">The unpickled value.</param>
/// <param name="Length">Bytes of the pickle.</param>
/// <param name="Locate">Position and length of a whole storage in the file, in bytes, by its key.</param>
/// <param name="IsWhole">Whether the checksum of a storage is right, by its key; always true for a container without checksums.</param>
internal sealed record PickleContent(
    object? Root,
    int Length,
    Func<string, (long Start, long Length)> Locate,
    Func<string, bool> IsWhole)
{
    /// <summary>Position and length of a storage's values in the file, in bytes.</summary>
    /// <exception cref="FormatException">The values are missing, or not complete.</exception>
    public (long Start, long Length) Find(PickledStorage storage)
    {
        (long start, long length) = Locate(storage.Key);
        if (storage.Part is not (var first, var count)) return (start, length);
        long held = length / storage.ElementSize;
        return first <= held && count <= held - first
            ? (start + first * storage.ElementSize, count * storage.ElementSize)
            : throw new FormatException($"A part of the storage '{storage.Key}' lies outside the storage.");
    }
}
