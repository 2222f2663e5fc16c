using System.Buffers.Binary;
using System.Text;

namespace LatentDiffusion.Imaging;

/// <summary>One chunk of a PNG file (PNG specification, section 5.3).</summary>
internal readonly ref struct PngChunk(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
{
    /// <summary>Length, type and checksum around the data.</summary>
    private const int Frame = 12;

    /// <summary>The first eight bytes of every PNG file.</summary>
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a];

    /// <summary>Four letters.</summary>
    public ReadOnlySpan<byte> Type { get; } = type;

    /// <summary>The content.</summary>
    public ReadOnlySpan<byte> Data { get; } = data;

    /// <summary>Number of bytes in the file.</summary>
    public int Length => Data.Length + Frame;

    /// <summary>Reads the chunk at the start of bytes.</summary>
    /// <exception cref="InvalidDataException">The chunk ends beyond the bytes or its checksum is wrong.</exception>
    public static PngChunk Read(ReadOnlySpan<byte> bytes)
    {
        uint length = bytes.Length >= Frame ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : uint.MaxValue;
        if (length > bytes.Length - Frame) throw new InvalidDataException("The PNG file is truncated within a chunk.");
        ReadOnlySpan<byte> summed = bytes.Slice(4, 4 + (int)length);
        if (BinaryPrimitives.ReadUInt32BigEndian(bytes[(8 + (int)length)..]) != Crc32.Compute(summed))
            throw new InvalidDataException($"The checksum of the PNG chunk {Encoding.Latin1.GetString(summed[..4])} is wrong.");
        return new PngChunk(summed[..4], summed[4..]);
    }

    /// <summary>Writes the chunk.</summary>
    public void Write(Stream stream)
    {
        Span<byte> number = stackalloc byte[4];
        byte[] summed = [.. Type, .. Data];
        BinaryPrimitives.WriteInt32BigEndian(number, Data.Length);
        stream.Write(number);
        stream.Write(summed);
        BinaryPrimitives.WriteUInt32BigEndian(number, Crc32.Compute(summed));
        stream.Write(number);
    }
}
