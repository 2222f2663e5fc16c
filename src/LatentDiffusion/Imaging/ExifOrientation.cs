using System.Buffers.Binary;

namespace LatentDiffusion.Imaging;

/// <summary>
/// Orientation of stored images (EXIF 2.32, tag 274): 1 is upright, 2 to 8 are mirrored or rotated. Reads the EXIF of JPEG,
/// PNG and WebP files, of which image libraries do not find all forms. For implementations of <see cref="IImageCodec"/>.
/// </summary>
public static partial class ExifOrientation
{
    /// <summary>The orientation of upright images.</summary>
    public const int Upright = 1;

    private const int Tag = 274, Short = 3, Long = 4, EntryLength = 12;

    private static ReadOnlySpan<byte> Prefix => "Exif\0\0"u8;

    /// <summary>The orientation in a JPEG file's APP1 segment, a PNG file's eXIf chunk or a WebP file's EXIF chunk.</summary>
    /// <param name="file">The file's bytes.</param>
    /// <returns>1 to 8; 1 for other files, and if the orientation is missing or damaged.</returns>
    public static int Read(ReadOnlySpan<byte> file)
    {
        ReadOnlySpan<byte> exif = file.StartsWith(PngChunk.Signature) ? InPng(file[PngChunk.Signature.Length..])
            : file.StartsWith((ReadOnlySpan<byte>)[0xff, 0xd8]) ? InJpeg(file[2..])
            : file.Length >= 12 && file.StartsWith("RIFF"u8) && file[8..].StartsWith("WEBP"u8) ? InWebp(file[12..])
            : [];
        return Parse(exif.StartsWith(Prefix) ? exif[Prefix.Length..] : exif);
    }

    // Marker, length including itself, data; segments end at the start of the scan.
    private static ReadOnlySpan<byte> InJpeg(ReadOnlySpan<byte> segments)
    {
        const int Head = 4, Filler = 0xff, StartOfScan = 0xda, Application1 = 0xe1;
        while (segments.Length >= Head && segments[0] == Filler && segments[1] != StartOfScan)
        {
            if (segments[1] == Filler)
            {
                segments = segments[1..];
                continue;
            }

            int end = 2 + BinaryPrimitives.ReadUInt16BigEndian(segments[2..]);
            if (end < Head || end > segments.Length) break;
            if (segments[1] == Application1 && segments[Head..end].StartsWith(Prefix)) return segments[Head..end];
            segments = segments[end..];
        }

        return [];
    }

    // Length, type, data, checksum. The decoder reports damage.
    internal static ReadOnlySpan<byte> InPng(ReadOnlySpan<byte> chunks)
    {
        const int Head = 8, Checksum = 4;
        while (chunks.Length >= Head)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(chunks);
            if (length > chunks.Length - Head) break;
            if (chunks[4..].StartsWith("eXIf"u8)) return chunks.Slice(Head, (int)length);
            chunks = chunks[(int)Math.Min(Head + length + Checksum, chunks.Length)..];
        }

        return [];
    }

    // Type, length, data, padded to an even length.
    private static ReadOnlySpan<byte> InWebp(ReadOnlySpan<byte> chunks)
    {
        const int Head = 8;
        while (chunks.Length >= Head)
        {
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(chunks[4..]);
            if (length > chunks.Length - Head) break;
            if (chunks.StartsWith("EXIF"u8)) return chunks.Slice(Head, (int)length);
            chunks = chunks[(int)Math.Min(Head + length + length % 2, chunks.Length)..];
        }

        return [];
    }

    /// <summary>The tag in the first directory of a TIFF structure.</summary>
    private static int Parse(ReadOnlySpan<byte> tiff)
    {
        bool little = tiff.StartsWith("II*\0"u8);
        if (!little && !tiff.StartsWith("MM\0*"u8)) return Upright;
        if (tiff.Length < 8) return Upright;
        uint at = Number(tiff[4..]);
        if (at > tiff.Length - 2) return Upright;
        ReadOnlySpan<byte> entries = tiff[((int)at + 2)..];
        int count = Math.Min(Word(tiff[(int)at..]), entries.Length / EntryLength);
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> entry = entries.Slice(i * EntryLength, EntryLength);
            if (Word(entry) != Tag) continue;
            // Some writers use a LONG, against the standard.
            uint value = Word(entry[2..]) switch { Short => (uint)Word(entry[8..]), Long => Number(entry[8..]), _ => Upright };
            return value is >= 1 and <= 8 ? (int)value : Upright;
        }

        return Upright;

        int Word(ReadOnlySpan<byte> bytes) =>
            little ? BinaryPrimitives.ReadUInt16LittleEndian(bytes) : BinaryPrimitives.ReadUInt16BigEndian(bytes);

        uint Number(ReadOnlySpan<byte> bytes) =>
            little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }
}
