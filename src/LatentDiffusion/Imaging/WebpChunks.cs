using System.Buffers.Binary;

namespace LatentDiffusion.Imaging;

/// <summary>The chunks of a WebP file (WebP container specification).</summary>
internal static class WebpChunks
{
    private const int FileHead = 12, Head = 8, ExtendedLength = 10;

    private const byte HasExif = 8, HasXmp = 4;

    public static bool IsWebp(ReadOnlySpan<byte> file) =>
        file.Length >= FileHead && file.StartsWith("RIFF"u8) && file[8..].StartsWith("WEBP"u8);

    /// <summary>The data of the first chunk of a type; empty where there is none.</summary>
    public static ReadOnlySpan<byte> Find(ReadOnlySpan<byte> file, ReadOnlySpan<byte> type)
    {
        ReadOnlySpan<byte> rest = file[FileHead..], chunk = [];
        while (Next(ref rest, ref chunk))
            if (chunk.StartsWith(type)) return chunk[Head..];
        return [];
    }

    /// <summary>Appends metadata. A file of the simple format becomes one of the extended format, because only that has metadata.</summary>
    /// <exception cref="InvalidDataException">The file has no image.</exception>
    public static byte[] Insert(ReadOnlySpan<byte> file, byte[]? exif, byte[] xmp)
    {
        byte flags = (byte)(HasXmp | (exif is null ? 0 : HasExif));
        using var stream = new MemoryStream(file.Length + xmp.Length + 1024);
        stream.Write(file[..FileHead]);
        ReadOnlySpan<byte> extended = Find(file, "VP8X"u8);
        byte[] header = extended.Length >= ExtendedLength ? extended[..ExtendedLength].ToArray() : ExtendedHeader(file);
        header[0] |= flags;
        Write(stream, "VP8X"u8, header);
        ReadOnlySpan<byte> rest = file[FileHead..], chunk = [];
        while (Next(ref rest, ref chunk))
            if (!chunk.StartsWith("VP8X"u8)) Write(stream, chunk[..4], chunk[Head..]);
        if (exif is not null) Write(stream, "EXIF"u8, exif);
        Write(stream, "XMP "u8, xmp);
        byte[] bytes = stream.ToArray();
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), bytes.Length - Head);
        return bytes;
    }

    /// <summary>The header of the extended format, with the size in the image's own.</summary>
    private static byte[] ExtendedHeader(ReadOnlySpan<byte> file)
    {
        const int SizeBits = 14, Mask = (1 << SizeBits) - 1;
        ReadOnlySpan<byte> lossy = Find(file, "VP8 "u8), lossless = Find(file, "VP8L"u8);
        int width, height, flags = 0;
        if (lossy.Length >= 10)
        {
            width = BinaryPrimitives.ReadUInt16LittleEndian(lossy[6..]) & Mask;
            height = BinaryPrimitives.ReadUInt16LittleEndian(lossy[8..]) & Mask;
        }
        else if (lossless.Length >= 5)
        {
            const uint Alpha = 1u << 28;
            const int HasAlpha = 0x10;
            uint bits = BinaryPrimitives.ReadUInt32LittleEndian(lossless[1..]);
            (width, height) = ((int)(bits & Mask) + 1, (int)(bits >> SizeBits & Mask) + 1);
            if ((bits & Alpha) != 0) flags = HasAlpha;
        }
        else throw new InvalidDataException("The WebP file has no image.");
        if (width < 1 || height < 1) throw new InvalidDataException($"The WebP file's image has {width} x {height} pixels.");

        var header = new byte[ExtendedLength];
        header[0] = (byte)flags;
        Write24(header.AsSpan(4), width - 1);
        Write24(header.AsSpan(7), height - 1);
        return header;

        static void Write24(Span<byte> bytes, int value) =>
            (bytes[0], bytes[1], bytes[2]) = ((byte)value, (byte)(value >> 8), (byte)(value >> 16));
    }

    private static void Write(MemoryStream stream, ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        Span<byte> length = stackalloc byte[4];
        BinaryPrimitives.WriteInt32LittleEndian(length, data.Length);
        stream.Write(type);
        stream.Write(length);
        stream.Write(data);
        if (data.Length % 2 == 1) stream.WriteByte(0);
    }

    /// <summary>Takes the next chunk with its head; false at the end, or where the file is damaged.</summary>
    private static bool Next(ref ReadOnlySpan<byte> rest, ref ReadOnlySpan<byte> chunk)
    {
        chunk = [];
        if (rest.Length < Head) return false;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
        if (length > rest.Length - Head) return false;
        chunk = rest[..(Head + (int)length)];
        rest = rest[(int)Math.Min(Head + length + length % 2, rest.Length)..];
        return true;
    }
}
