using System.Buffers.Binary;

namespace LatentDiffusion.Imaging;

/// <summary>A directory of a TIFF structure, as EXIF has them: entries of a tag, a type, and a value or its position.</summary>
internal readonly ref struct TiffDirectory
{
    public const int UserComment = 37510, ExifPointer = 34665, Ascii = 2;

    private const int EntryLength = 12, Long = 4, Undefined = 7, FirstOffset = 8;

    private readonly ReadOnlySpan<byte> _tiff;
    private readonly int _entries;

    private TiffDirectory(ReadOnlySpan<byte> tiff, bool isLittle, int entries, int count)
    {
        _tiff = tiff;
        (_entries, IsLittle, Count) = (entries, isLittle, count);
    }

    /// <summary>Whether the least significant byte of a number comes first.</summary>
    public bool IsLittle { get; }

    /// <summary>Number of entries that the structure holds.</summary>
    public int Count { get; }

    /// <summary>Opens the first directory.</summary>
    public static bool TryOpen(ReadOnlySpan<byte> tiff, out TiffDirectory directory)
    {
        directory = default;
        bool isLittle = tiff.StartsWith("II*\0"u8);
        if ((!isLittle && !tiff.StartsWith("MM\0*"u8)) || tiff.Length < FirstOffset) return false;
        return TryOpenAt(tiff, isLittle, Number(tiff[4..], isLittle), out directory);
    }

    /// <summary>A structure of one directory with the comment.</summary>
    public static byte[] Write(ReadOnlySpan<byte> comment)
    {
        const int DirectoryLength = 2 + EntryLength + 4, Inner = FirstOffset + DirectoryLength, Text = Inner + DirectoryLength;
        var tiff = new byte[Text + comment.Length];
        "MM\0*"u8.CopyTo(tiff);
        BinaryPrimitives.WriteInt32BigEndian(tiff.AsSpan(4), FirstOffset);
        WriteEntry(tiff.AsSpan(FirstOffset), ExifPointer, Long, 1, Inner);
        WriteEntry(tiff.AsSpan(Inner), UserComment, Undefined, comment.Length, Text);
        comment.CopyTo(tiff.AsSpan(Text));
        return tiff;

        static void WriteEntry(Span<byte> directory, int tag, int type, int count, int value)
        {
            BinaryPrimitives.WriteInt16BigEndian(directory, 1);
            BinaryPrimitives.WriteUInt16BigEndian(directory[2..], (ushort)tag);
            BinaryPrimitives.WriteInt16BigEndian(directory[4..], (short)type);
            BinaryPrimitives.WriteInt32BigEndian(directory[6..], count);
            BinaryPrimitives.WriteInt32BigEndian(directory[10..], value);
        }
    }

    /// <summary>The first entry of a tag, of which a directory has one.</summary>
    public bool TryFind(int tag, out int index)
    {
        index = 0;
        while (index < Count && Word(Entry(index)) != tag) index++;
        return index < Count;
    }

    public int Type(int index) => Word(Entry(index)[2..]);

    /// <summary>The bytes of a text or of undefined data; empty for numbers, and where they lie outside the structure.</summary>
    public ReadOnlySpan<byte> Data(int index)
    {
        const int Byte = 1, Inline = 4;
        if (Type(index) is not (Byte or Ascii or Undefined)) return [];
        ReadOnlySpan<byte> entry = Entry(index);
        uint length = Number(entry[4..], IsLittle), position = Number(entry[8..], IsLittle);
        if (length <= Inline) return entry.Slice(8, (int)length);
        return position <= _tiff.Length && length <= _tiff.Length - position ? _tiff.Slice((int)position, (int)length) : [];
    }

    /// <summary>Opens the directory that an entry points to.</summary>
    public bool TryFollow(int index, out TiffDirectory directory) =>
        TryOpenAt(_tiff, IsLittle, Number(Entry(index)[8..], IsLittle), out directory);

    private static bool TryOpenAt(ReadOnlySpan<byte> tiff, bool isLittle, uint position, out TiffDirectory directory)
    {
        directory = default;
        if (position > tiff.Length - 2) return false;
        ReadOnlySpan<byte> count = tiff[(int)position..];
        int entries = isLittle ? BinaryPrimitives.ReadUInt16LittleEndian(count) : BinaryPrimitives.ReadUInt16BigEndian(count);
        directory = new TiffDirectory(tiff, isLittle, (int)position + 2, Math.Min(entries, (count.Length - 2) / EntryLength));
        return true;
    }

    private static uint Number(ReadOnlySpan<byte> bytes, bool isLittle) =>
        isLittle ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);

    private ReadOnlySpan<byte> Entry(int index) => _tiff.Slice(_entries + index * EntryLength, EntryLength);

    private int Word(ReadOnlySpan<byte> bytes) =>
        IsLittle ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);
}
