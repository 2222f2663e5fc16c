using System.Buffers.Binary;
using System.Text;

namespace LatentDiffusion.Imaging;

/// <summary>
/// Texts in EXIF: the user comment (EXIF 2.32, tag 37510), where the web UI and its followers keep their text in JPEG and WebP files, and
/// the texts of the first directory, where ComfyUI keeps its graph after <c>prompt:</c> or <c>workflow:</c>.
/// </summary>
internal static class ExifComment
{
    /// <summary>Key of the comment.</summary>
    public const string Key = "parameters";

    private const int CodeLength = 8;

    private static readonly string[] s_graphs = ["prompt", "workflow"];

    private static ReadOnlySpan<byte> Unicode => "UNICODE\0"u8;

    /// <summary>The texts of an EXIF structure; those that cannot be read are left out.</summary>
    public static Dictionary<string, string> Read(ReadOnlySpan<byte> exif)
    {
        ReadOnlySpan<byte> prefix = "Exif\0\0"u8;
        ReadOnlySpan<byte> tiff = exif.StartsWith(prefix) ? exif[prefix.Length..] : exif;
        var texts = new Dictionary<string, string>();
        if (!TiffDirectory.TryOpen(tiff, out TiffDirectory first)) return texts;
        AddComment(texts, first);
        if (first.TryFind(TiffDirectory.ExifPointer, out int pointer) && first.TryFollow(pointer, out TiffDirectory inner))
            AddComment(texts, inner);
        for (int i = 0; i < first.Count; i++)
            if (first.Type(i) == TiffDirectory.Ascii) AddGraph(texts, first.Data(i));
        return texts;
    }

    /// <summary>An EXIF structure with a comment, as the web UI writes it: big-endian, UTF-16.</summary>
    public static byte[] Write(string comment)
    {
        byte[] text = [.. Unicode, .. Encoding.BigEndianUnicode.GetBytes(comment)];
        return TiffDirectory.Write(text);
    }

    private static void AddComment(Dictionary<string, string> texts, TiffDirectory directory)
    {
        if (!directory.TryFind(TiffDirectory.UserComment, out int index)) return;
        if (Decode(directory.Data(index), directory.IsLittle).Trim('\0', ' ') is { Length: > 0 } comment) texts.TryAdd(Key, comment);
    }

    /// <summary>Adds the graph that a text begins with. Any number of entries may point to the same bytes: most are not decoded.</summary>
    private static void AddGraph(Dictionary<string, string> texts, ReadOnlySpan<byte> data)
    {
        foreach (string key in s_graphs)
        {
            int colon = key.Length;
            bool begins = data.Length > colon && data[colon] == ':' && Ascii.EqualsIgnoreCase(data[..colon], key);
            if (begins && !texts.ContainsKey(key)) texts.Add(key, Encoding.UTF8.GetString(data[(colon + 1)..]).TrimEnd('\0'));
        }
    }

    /// <summary>The text after its character code. Some writers leave the code out, or write UTF-8 for ASCII.</summary>
    private static string Decode(ReadOnlySpan<byte> data, bool isLittle)
    {
        if (data.StartsWith(Unicode)) return DecodeUnicode(data[CodeLength..], isLittle);
        bool isCoded = data.StartsWith("ASCII\0\0\0"u8) || (data.Length >= CodeLength && !data[..CodeLength].ContainsAnyExcept((byte)0));
        // Japanese in JIS, which no program for images of diffusion models writes.
        return data.StartsWith("JIS\0\0\0\0\0"u8) ? "" : Encoding.UTF8.GetString(isCoded ? data[CodeLength..] : data);
    }

    /// <summary>
    /// UTF-16 in either byte order: writers take that of the structure, that of their machine, or big-endian. Settings are ASCII, so that
    /// the order with more of its characters is the right one.
    /// </summary>
    private static string DecodeUnicode(ReadOnlySpan<byte> text, bool isLittle)
    {
        text = text[..(text.Length & ~1)];
        if (text.StartsWith((ReadOnlySpan<byte>)[0xff, 0xfe])) return Encoding.Unicode.GetString(text[2..]);
        if (text.StartsWith((ReadOnlySpan<byte>)[0xfe, 0xff])) return Encoding.BigEndianUnicode.GetString(text[2..]);
        int little = 0, big = 0;
        for (int i = 0; i < text.Length; i += 2)
        {
            if (BinaryPrimitives.ReadUInt16LittleEndian(text[i..]) is > 0 and < 0x80) little++;
            if (BinaryPrimitives.ReadUInt16BigEndian(text[i..]) is > 0 and < 0x80) big++;
        }

        return (little == big ? isLittle : little > big) ? Encoding.Unicode.GetString(text) : Encoding.BigEndianUnicode.GetString(text);
    }
}
