using System.Buffers.Binary;
using System.Numerics;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// The container of <c>torch.save</c> before PyTorch 1.6: a sequence of pickles (a magic number, a version, the writer's
/// machine, the description, the keys of the storages), then each storage as its number of values and the values.
/// </summary>
internal static class LegacyPickle
{
    /// <summary>Maximum bytes of all pickles; as in newer files, a thousand times the common size.</summary>
    private const int MaximumPickleLength = 1 << 24;

    private const long Version = 1001;

    /// <summary>0x1950a86a20f9469cfc6c, in the byte order of the file.</summary>
    private static ReadOnlySpan<byte> Magic => [0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

    /// <summary>Whether a file begins with the pickle of the magic number, in any protocol.</summary>
    public static bool HasSignature(ReadOnlySpan<byte> first)
    {
        const int LongestPrefix = 16;
        int at = first[..Math.Min(first.Length, LongestPrefix + Magic.Length)].IndexOf(Magic);
        return at > 0 && first[0] == 0x80;
    }

    /// <summary>Reads the descriptions.</summary>
    /// <exception cref="FormatException">The file is damaged or not such a checkpoint; the message says why.</exception>
    public static PickleContent Read(CheckpointFile file)
    {
        byte[] pickles = file.Read(0, (int)Math.Min(file.Length, MaximumPickleLength));
        var bytes = new PickleBytes(pickles);
        if (PickleMachine.Read(ref bytes) is not BigInteger number || number != new BigInteger(Magic))
            throw new FormatException("The file does not begin with PyTorch's magic number.");
        if (PickleMachine.Read(ref bytes) is not Version)
            throw new FormatException($"The file is of another version of PyTorch's format than {Version}.");
        if (PickleMachine.Read(ref bytes) is not Dictionary<string, object?> machine
            || machine.GetValueOrDefault("little_endian") is not true)
            throw new FormatException("The values are not little-endian.");
        var storages = new List<PickledStorage>();
        object? root = PickleMachine.Read(ref bytes, storages);
        if (PickleMachine.Read(ref bytes) is not List<object?> keys)
            throw new FormatException("A list of the storages' keys should follow the description.");
        int length = pickles.Length - bytes.Left;
        Dictionary<string, (long Start, long Length)> found = Find(file, length, keys, ByKey(storages));
        return new PickleContent(root, length, Locate, IsWhole: _ => true);

        (long Start, long Length) Locate(string key) => found.TryGetValue(key, out (long, long) storage)
            ? storage
            : throw new FormatException($"The storage '{key}' is not in the file.");
    }

    private static Dictionary<string, PickledStorage> ByKey(List<PickledStorage> storages)
    {
        var byKey = new Dictionary<string, PickledStorage>();
        foreach (PickledStorage storage in storages)
        {
            PickledStorage first = byKey.TryGetValue(storage.Key, out PickledStorage? known) ? known : byKey[storage.Key] = storage;
            if (first.Type != storage.Type || first.Count != storage.Count)
                throw new FormatException($"The storage '{storage.Key}' is described in two ways.");
        }

        return byKey;
    }

    /// <summary>Positions and lengths of the storages, in bytes, found in the order of their keys.</summary>
    private static Dictionary<string, (long Start, long Length)> Find(
        CheckpointFile file, long position, List<object?> keys, Dictionary<string, PickledStorage> storages)
    {
        const int CountLength = sizeof(long);
        var found = new Dictionary<string, (long, long)>();
        foreach (object? item in keys)
        {
            // Printing a number takes time that grows with the square of its digits, so the message does not contain it.
            if (item is not string key) throw new FormatException("The file names a storage by something that is not a string.");
            if (!storages.TryGetValue(key, out PickledStorage? storage))
                throw new FormatException($"The file holds a storage '{key}' that its description does not list.");
            if (file.Length - position < CountLength) throw new FormatException($"The file ends before the storage '{key}'.");
            long count = BinaryPrimitives.ReadInt64LittleEndian(file.Read(position, CountLength));
            position += CountLength;
            if (count != storage.Count)
                throw new FormatException($"The storage '{key}' has {count} values; the description says {storage.Count}.");
            if (count > (file.Length - position) / storage.ElementSize)
                throw new FormatException($"The storage '{key}' should have {count} values, and the file ends before: truncated.");
            if (!found.TryAdd(key, (position, count * storage.ElementSize)))
                throw new FormatException($"The file has the storage '{key}' twice.");
            position += count * storage.ElementSize;
        }

        return position == file.Length
            ? found
            : throw new FormatException($"{file.Length - position} bytes at the end belong to no storage.");
    }
}
