using System.Buffers.Binary;
using System.Text;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Positions of the entries of a zip file (APPNOTE 6.3, with the 64-bit fields). Only stored entries are supported, which is
/// how PyTorch writes them. Nothing is decompressed, so nothing can grow beyond the size of the file.
/// </summary>
internal sealed class StoredZip
{
    private const uint EndSignature = 0x06054b50, End64Signature = 0x06064b50, Locator64Signature = 0x07064b50;
    private const uint DirectorySignature = 0x02014b50, LocalSignature = 0x04034b50;
    private const int EndLength = 22, Locator64Length = 20, End64Length = 56, DirectoryLength = 46, LocalLength = 30;
    private const int MaximumDirectoryLength = 1 << 26;

    private readonly CheckpointFile _file;
    private readonly Dictionary<string, Entry> _entries = [];

    /// <summary>Reads a file's directory.</summary>
    /// <exception cref="FormatException">The file is not a zip file, or its directory is damaged.</exception>
    public StoredZip(CheckpointFile file)
    {
        _file = file;
        (long start, long length, long count) = FindDirectory();
        if (start < 0 || length < 0 || length > MaximumDirectoryLength || start > file.Length - length)
            throw new FormatException("The zip directory lies outside the file.");
        ReadOnlySpan<byte> directory = file.Read(start, (int)length);
        for (long i = 0; i < count; i++) directory = directory[ReadEntry(directory)..];
    }

    /// <summary>Names of all entries.</summary>
    public IEnumerable<string> Names => _entries.Keys;

    /// <summary>Position and length of an entry in the file, in bytes; null if the entry does not exist.</summary>
    /// <exception cref="FormatException">The entry is compressed or encrypted, or lies outside the file.</exception>
    public (long Start, long Length)? Find(string name)
    {
        if (!_entries.TryGetValue(name, out Entry? entry)) return null;
        if (!entry.IsStored)
            throw new FormatException($"'{name}' is compressed or encrypted; entries of a PyTorch checkpoint are neither.");
        if (entry.Header < 0 || entry.Header > _file.Length - LocalLength)
            throw new FormatException($"'{name}' lies outside the file.");
        ReadOnlySpan<byte> local = _file.Read(entry.Header, LocalLength);
        if (UInt32(local, 0) != LocalSignature)
            throw new FormatException($"'{name}' has no zip header where it should be.");
        long start = entry.Header + LocalLength + UInt16(local, 26) + UInt16(local, 28);
        return entry.Length >= 0 && start <= _file.Length - entry.Length
            ? (start, entry.Length)
            : throw new FormatException($"'{name}' ends outside the file.");
    }

    /// <summary>Reads a whole entry and verifies its checksum.</summary>
    /// <exception cref="FormatException">The entry is missing, too long, or damaged.</exception>
    public byte[] ReadAll(string name, int maximumLength)
    {
        (long start, long length) = Find(name) ?? throw new FormatException($"The zip file has no '{name}'.");
        if (length > maximumLength)
            throw new FormatException($"'{name}' has {length} bytes; at most {maximumLength} are read.");
        byte[] bytes = _file.Read(start, (int)length);
        return IsWhole(name, Crc32.Compute(bytes)) ? bytes : throw new FormatException($"The checksum of '{name}' is wrong.");
    }

    /// <summary>Whether the checksum of an entry that <see cref="Find"/> found is right. Reads the whole entry.</summary>
    public bool IsWhole(string name) =>
        Find(name) is var (start, length) && IsWhole(name, Crc32.Compute(_file, start, length));

    /// <summary>
    /// Compares a checksum. PyTorch writes zero if checksums are switched off (<c>torch.serialization.set_crc32_options</c>).
    /// </summary>
    private bool IsWhole(string name, uint found) =>
        _entries[name].Checksum is var written && (written == found || written == 0);

    private (long Start, long Length, long Count) FindDirectory()
    {
        int tailLength = (int)Math.Min(_file.Length, EndLength + ushort.MaxValue);
        long tailStart = _file.Length - tailLength;
        ReadOnlySpan<byte> tail = _file.Read(tailStart, tailLength);
        for (int i = tailLength - EndLength; i >= 0; i--)
        {
            ReadOnlySpan<byte> end = tail[i..];
            if (UInt32(end, 0) != EndSignature || UInt16(end, 20) != end.Length - EndLength) continue;
            return FindDirectory64(tailStart + i) ?? (UInt32(end, 16), UInt32(end, 12), UInt16(end, 10));
        }

        throw new FormatException("The file is not a zip file, or it is truncated.");
    }

    private (long Start, long Length, long Count)? FindDirectory64(long end)
    {
        long locator = end - Locator64Length;
        if (locator < 0) return null;
        ReadOnlySpan<byte> bytes = _file.Read(locator, Locator64Length);
        if (UInt32(bytes, 0) != Locator64Signature) return null;
        long position = Int64(bytes, 8);
        if (position < 0 || position > locator - End64Length)
            throw new FormatException("The 64-bit zip directory lies outside the file.");
        ReadOnlySpan<byte> end64 = _file.Read(position, End64Length);
        return UInt32(end64, 0) == End64Signature
            ? (Int64(end64, 48), Int64(end64, 40), Int64(end64, 32))
            : throw new FormatException("The 64-bit zip directory is not where it should be.");
    }

    /// <summary>Adds the first entry of the rest of the directory and returns its length.</summary>
    private int ReadEntry(ReadOnlySpan<byte> directory)
    {
        if (directory.Length < DirectoryLength || UInt32(directory, 0) != DirectorySignature)
            throw new FormatException("The zip directory is damaged.");
        int nameLength = UInt16(directory, 28), extraLength = UInt16(directory, 30), commentLength = UInt16(directory, 32);
        int total = DirectoryLength + nameLength + extraLength + commentLength;
        if (total > directory.Length) throw new FormatException("The zip directory is truncated.");
        string name = Encoding.UTF8.GetString(directory.Slice(DirectoryLength, nameLength));
        long compressed = UInt32(directory, 20), length = UInt32(directory, 24), header = UInt32(directory, 42);
        ReadOnlySpan<byte> wide = Extra64(directory.Slice(DirectoryLength + nameLength, extraLength));
        Widen(ref length, ref wide);
        Widen(ref compressed, ref wide);
        Widen(ref header, ref wide);
        const int Encrypted = 1;
        bool stored = UInt16(directory, 10) == 0 && (UInt16(directory, 8) & Encrypted) == 0 && compressed == length;
        if (!_entries.TryAdd(name, new Entry(header, length, UInt32(directory, 16), stored)))
            throw new FormatException($"The zip file has '{name}' twice.");
        return total;
    }

    /// <summary>The extra field with 64-bit numbers; empty if it is missing.</summary>
    private static ReadOnlySpan<byte> Extra64(ReadOnlySpan<byte> extra)
    {
        while (extra.Length >= 4)
        {
            int length = Math.Min(UInt16(extra, 2), extra.Length - 4);
            if (UInt16(extra, 0) == 1) return extra.Slice(4, length);
            extra = extra[(4 + length)..];
        }

        return default;
    }

    /// <summary>Replaces a number whose bits are all set by the next number of the extra field.</summary>
    private static void Widen(ref long number, ref ReadOnlySpan<byte> wide)
    {
        if (number != uint.MaxValue || wide.Length < 8) return;
        number = Int64(wide, 0);
        wide = wide[8..];
    }

    private static ushort UInt16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);

    private static uint UInt32(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]);

    private static long Int64(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadInt64LittleEndian(bytes[at..]);

    private sealed record Entry(long Header, long Length, uint Checksum, bool IsStored);
}
