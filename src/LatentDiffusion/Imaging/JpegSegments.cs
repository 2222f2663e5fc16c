using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace LatentDiffusion.Imaging;

/// <summary>The segments of a JPEG file that hold EXIF and XMP (XMP specification, part 3, section 1.1.3).</summary>
internal static class JpegSegments
{
    private const int MostBytes = ushort.MaxValue - sizeof(ushort), DigestLength = 32;

    private static readonly byte[] s_start = [0xff, 0xd8];

    private static ReadOnlySpan<byte> ExifName => "Exif\0\0"u8;

    private static ReadOnlySpan<byte> XmpName => "http://ns.adobe.com/xap/1.0/\0"u8;

    private static ReadOnlySpan<byte> ExtensionName => "http://ns.adobe.com/xmp/extension/\0"u8;

    public static bool IsJpeg(ReadOnlySpan<byte> file) => file.StartsWith(s_start);

    /// <summary>The EXIF structure; empty where there is none.</summary>
    public static ReadOnlySpan<byte> Exif(ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<byte> rest = file[s_start.Length..], data = [];
        while (Next(ref rest, ref data))
            if (data.StartsWith(ExifName)) return data[ExifName.Length..];
        return [];
    }

    /// <summary>The XMP packet: the extension, which holds all entries that the main packet does not, or else the main packet.</summary>
    public static ReadOnlySpan<byte> Xmp(ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<byte> main = [], rest = file[s_start.Length..], data = [];
        using var extension = new MemoryStream();
        while (Next(ref rest, ref data))
        {
            if (data.StartsWith(XmpName) && main.IsEmpty) main = data[XmpName.Length..];
            // Digest, total length and position; the parts are in order.
            else if (data.StartsWith(ExtensionName) && data.Length > ExtensionName.Length + DigestLength + 8)
            {
                ReadOnlySpan<byte> part = data[(ExtensionName.Length + DigestLength)..];
                if (BinaryPrimitives.ReadUInt32BigEndian(part[4..]) == extension.Length) extension.Write(part[8..]);
            }
        }

        return extension.Length > 0 ? extension.ToArray() : main;
    }

    /// <summary>Inserts segments after the start of the file and its JFIF segment.</summary>
    public static byte[] Insert(ReadOnlySpan<byte> file, byte[]? exif, byte[] xmp)
    {
        ReadOnlySpan<byte> rest = file[s_start.Length..], first = [];
        const byte Application0 = 0xe0;
        if (rest.Length > 1 && rest[1] == Application0) Next(ref rest, ref first);
        using var stream = new MemoryStream(file.Length + xmp.Length + 1024);
        stream.Write(file[..^rest.Length]);
        if (exif is not null && exif.Length + ExifName.Length <= MostBytes) Write(stream, ExifName, exif);
        if (xmp.Length + XmpName.Length <= MostBytes) Write(stream, XmpName, xmp);
        else WriteExtended(stream, xmp);
        stream.Write(rest);
        return stream.ToArray();
    }

    private static void WriteExtended(MemoryStream stream, ReadOnlySpan<byte> xmp)
    {
        byte[] digest = Encoding.ASCII.GetBytes(Convert.ToHexString(MD5.HashData(xmp)));
        Write(stream, XmpName, XmpTexts.WriteExtended(Encoding.ASCII.GetString(digest)));
        Span<byte> numbers = stackalloc byte[8];
        BinaryPrimitives.WriteInt32BigEndian(numbers, xmp.Length);
        int most = MostBytes - ExtensionName.Length - digest.Length - numbers.Length;
        for (int position = 0; position < xmp.Length; position += most)
        {
            BinaryPrimitives.WriteInt32BigEndian(numbers[4..], position);
            Write(stream, ExtensionName, [.. digest, .. numbers, .. xmp.Slice(position, Math.Min(most, xmp.Length - position))]);
        }
    }

    private static void Write(MemoryStream stream, ReadOnlySpan<byte> name, ReadOnlySpan<byte> data)
    {
        Span<byte> head = [0xff, 0xe1, 0, 0];
        BinaryPrimitives.WriteUInt16BigEndian(head[2..], (ushort)(sizeof(ushort) + name.Length + data.Length));
        stream.Write(head);
        stream.Write(name);
        stream.Write(data);
    }

    /// <summary>Takes the next segment's data; false at the start of the scan, or where the file is damaged.</summary>
    private static bool Next(ref ReadOnlySpan<byte> rest, ref ReadOnlySpan<byte> data)
    {
        const int Head = 4, Filler = 0xff, StartOfScan = 0xda;
        data = [];
        while (rest.Length >= Head && rest[0] == Filler && rest[1] == Filler) rest = rest[1..];
        if (rest.Length < Head || rest[0] != Filler || rest[1] == StartOfScan) return false;
        int end = 2 + BinaryPrimitives.ReadUInt16BigEndian(rest[2..]);
        if (end < Head || end > rest.Length) return false;
        data = rest[Head..end];
        rest = rest[end..];
        return true;
    }
}
