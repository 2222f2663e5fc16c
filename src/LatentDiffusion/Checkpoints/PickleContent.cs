namespace LatentDiffusion.Checkpoints;

/// <summary>What a checkpoint of PyTorch describes, and where its values are: whatever the container.</summary>
/// <param name="Root">What the pickle made.</param>
/// <param name="Length">Bytes of the pickle.</param>
/// <param name="Locate">Where in the file a whole storage begins, and how many bytes it has, by its key.</param>
/// <param name="IsWhole">Whether the checksum of a storage is right, by its key; always, where the container has none.</param>
internal sealed record PickleContent(object? Root, int Length, Func<string, (long Start, long Length)> Locate, Func<string, bool> IsWhole)
{
    /// <summary>Where in the file a storage's values begin, and how many bytes they are.</summary>
    /// <exception cref="FormatException">They are not there, or not all of them.</exception>
    public (long Start, long Length) Find(PickledStorage storage)
    {
        (long start, long length) = Locate(storage.Key);
        if (storage.Part is not (var first, var count)) return (start, length);
        long held = length / storage.ElementSize;
        return first <= held && count <= held - first
            ? (start + first * storage.ElementSize, count * storage.ElementSize)
            : throw new FormatException($"A part of the storage '{storage.Key}' lies outside of it.");
    }
}
