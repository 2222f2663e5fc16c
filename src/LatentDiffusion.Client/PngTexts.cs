using System.Buffers.Binary;
using System.Text;

namespace LatentDiffusion.Client;

/// <summary>
/// The texts of a PNG file that the server wrote: how the image was made. Compressed texts, which it does not write, are left out, and so
/// is everything after damage.
/// </summary>
internal static class PngTexts
{
    private const int LengthAndType = 8, Checksum = 4;

    private static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0d, 0x0a, 0x1a, 0x0a];

    /// <summary>The texts by their keys, in file order; none if the bytes are not a PNG file.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> Read(ReadOnlySpan<byte> file)
    {
        List<KeyValuePair<string, string>> texts = [];
        if (!file.StartsWith(Signature)) return texts;
        for (ReadOnlySpan<byte> rest = file[Signature.Length..]; rest.Length >= LengthAndType;)
        {
            uint length = BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (length > rest.Length - LengthAndType - Checksum) break;
            ReadOnlySpan<byte> type = rest[4..LengthAndType], data = rest.Slice(LengthAndType, (int)length);
            if (type.SequenceEqual("tEXt"u8) || type.SequenceEqual("iTXt"u8)) Add(texts, data, type[0] == 'i');
            rest = rest[(LengthAndType + (int)length + Checksum)..];
        }

        return texts;
    }

    private static void Add(List<KeyValuePair<string, string>> texts, ReadOnlySpan<byte> data, bool isInternational)
    {
        int end = data.IndexOf((byte)0);
        if (end < 1) return;
        ReadOnlySpan<byte> text = data[(end + 1)..];
        if (isInternational)
        {
            // Whether it is compressed and how; then language and translated key, each with a NUL at its end.
            if (text.Length < 4 || text[0] != 0) return;
            text = text[2..];
            for (int part = 0; part < 2; part++)
            {
                int separator = text.IndexOf((byte)0);
                if (separator < 0) return;
                text = text[(separator + 1)..];
            }
        }

        Encoding encoding = isInternational ? Encoding.UTF8 : Encoding.Latin1;
        texts.Add(KeyValuePair.Create(Encoding.Latin1.GetString(data[..end]), encoding.GetString(text)));
    }
}
