using System.IO.Compression;
using System.Text;

namespace LatentDiffusion.Imaging;

/// <summary>The text entries of PNG files (PNG specification, section 11.3.3), for example the settings of a generated image.</summary>
public static class PngText
{
    /// <summary>Maximum size of the decompressed texts of one file in bytes, so that a small file cannot use much memory.</summary>
    private const int MaximumDecompressed = 1 << 22;

    private const int MaximumKeywordLength = 79;

    /// <summary>
    /// Reads the text entries of a PNG file (tEXt, zTXt and iTXt), in file order; the first of entries with the same key.
    /// </summary>
    /// <param name="png">The file's bytes.</param>
    /// <exception cref="InvalidDataException">
    /// The bytes are not a PNG file, it is damaged before its last text, or its decompressed texts exceed 4 MiB in total.
    /// </exception>
    public static IReadOnlyDictionary<string, string> Read(ReadOnlySpan<byte> png) => Read(png, static _ => true);

    /// <summary>
    /// Reads selected text entries of a PNG file; the others are included with an empty text and not decompressed.
    /// </summary>
    /// <param name="png">The file's bytes.</param>
    /// <param name="isWanted">Selects entries by their keys.</param>
    /// <exception cref="InvalidDataException">
    /// The bytes are not a PNG file, it is damaged before its last text, or the selected texts exceed 4 MiB in total.
    /// </exception>
    internal static Dictionary<string, string> Read(ReadOnlySpan<byte> png, Func<string, bool> isWanted)
    {
        if (!png.StartsWith(PngChunk.Signature)) throw new InvalidDataException("The bytes are not a PNG file.");
        var texts = new Dictionary<string, string>();
        int decompressed = 0;
        for (int position = PngChunk.Signature.Length; position < png.Length;)
        {
            PngChunk chunk = PngChunk.Read(png[position..]);
            if (chunk.Type.SequenceEqual("IEND"u8)) break;
            if (TryParseKey(chunk, out string key, out ReadOnlySpan<byte> rest) && !texts.ContainsKey(key))
                texts.Add(key, isWanted(key) ? ParseText(chunk, key, rest, ref decompressed) : "");
            position += chunk.Length;
        }

        return texts;
    }

    /// <summary>Inserts text entries into a PNG file after its header; custom codecs can write metadata with it.</summary>
    /// <param name="png">The file's bytes.</param>
    /// <param name="texts">Entries by keyword (1 to 79 printable Latin-1 characters); null for none.</param>
    /// <returns>The file with the entries: tEXt for Latin-1, otherwise iTXt.</returns>
    /// <exception cref="ArgumentException">A key is not a PNG keyword, or a value contains NUL.</exception>
    /// <exception cref="InvalidDataException">The bytes are damaged in the header.</exception>
    public static byte[] Insert(ReadOnlySpan<byte> png, IReadOnlyDictionary<string, string>? texts)
    {
        if (texts is null || texts.Count == 0) return png.ToArray();
        int header = PngChunk.Signature.Length + PngChunk.Read(png[PngChunk.Signature.Length..]).Length;
        using var stream = new MemoryStream(png.Length + 1024);
        stream.Write(png[..header]);
        foreach ((string key, string value) in texts) Write(stream, key, value);
        stream.Write(png[header..]);
        return stream.ToArray();
    }

    /// <exception cref="ArgumentException">The key is not a PNG keyword, or the value contains NUL.</exception>
    internal static void Check(string key, string value)
    {
        bool isKeyword = key.Length is > 0 and <= MaximumKeywordLength
            && key.All(IsPrintable)
            && key == key.Trim(' ')
            && !key.Contains("  ", StringComparison.Ordinal);
        if (!isKeyword)
        {
            throw new ArgumentException(
                $"'{key}' is not a PNG keyword: 1 to {MaximumKeywordLength} printable Latin-1 characters with single spaces between.",
                nameof(key));
        }

        if (value.Contains('\0')) throw new ArgumentException($"The PNG text '{key}' contains NUL.", nameof(value));
    }

    private static void Write(Stream stream, string key, string value)
    {
        Check(key, value);
        byte[] keyword = Encoding.Latin1.GetBytes(key);
        PngChunk chunk = value.All(c => IsPrintable(c) || c == '\n')
            ? new PngChunk("tEXt"u8, [.. keyword, 0, .. Encoding.Latin1.GetBytes(value)])

            // NUL, two bytes for uncompressed text, no language, no translated keyword.
            : new PngChunk("iTXt"u8, [.. keyword, 0, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(value)]);
        chunk.Write(stream);
    }

    private static bool IsPrintable(char c) => c is (>= ' ' and <= '~') or (>= '¡' and <= 'ÿ');

    /// <summary>Takes the key of a text entry; false for a chunk of another type.</summary>
    private static bool TryParseKey(PngChunk chunk, out string key, out ReadOnlySpan<byte> rest)
    {
        key = "";
        rest = chunk.Data;
        if (!HasType(chunk, "tEXt"u8) && !HasType(chunk, "zTXt"u8) && !HasType(chunk, "iTXt"u8)) return false;
        ReadOnlySpan<byte> keyword = ReadToNull(ref rest);
        if (keyword.Length > MaximumKeywordLength)
            throw new InvalidDataException(
                $"The keyword of a PNG text has {keyword.Length} characters; at most {MaximumKeywordLength} are allowed.");
        key = Encoding.Latin1.GetString(keyword);
        return true;
    }

    private static string ParseText(PngChunk chunk, string key, ReadOnlySpan<byte> rest, ref int decompressed)
    {
        bool international = HasType(chunk, "iTXt"u8), compressed = HasType(chunk, "zTXt"u8);
        if (rest.Length < (international ? 2 : compressed ? 1 : 0)) throw new InvalidDataException($"The PNG text '{key}' is truncated.");
        if (international)
        {
            compressed = rest[0] != 0;
            rest = rest[2..];
            _ = ReadToNull(ref rest);
            _ = ReadToNull(ref rest);
        }
        else if (compressed) rest = rest[1..];

        Encoding encoding = international ? Encoding.UTF8 : Encoding.Latin1;
        return compressed ? encoding.GetString(Inflate(key, rest.ToArray(), ref decompressed)) : encoding.GetString(rest);
    }

    private static bool HasType(PngChunk chunk, ReadOnlySpan<byte> type) => chunk.Type.SequenceEqual(type);

    /// <summary>Takes the bytes before the next NUL.</summary>
    private static ReadOnlySpan<byte> ReadToNull(ref ReadOnlySpan<byte> rest)
    {
        int end = rest.IndexOf((byte)0);
        if (end < 0) throw new InvalidDataException("A PNG text lacks its separator.");
        ReadOnlySpan<byte> part = rest[..end];
        rest = rest[(end + 1)..];
        return part;
    }

    private static ReadOnlySpan<byte> Inflate(string key, byte[] bytes, ref int decompressed)
    {
        using var inflating = new ZLibStream(new MemoryStream(bytes), CompressionMode.Decompress);
        var text = new MemoryStream();
        var buffer = new byte[1 << 14];
        for (int read; (read = inflating.Read(buffer)) > 0;)
        {
            decompressed += read;
            if (decompressed > MaximumDecompressed)
            {
                throw new InvalidDataException(
                    $"The compressed PNG texts up to '{key}' decompress to more than {MaximumDecompressed} bytes in total.");
            }

            text.Write(buffer, 0, read);
        }

        return text.GetBuffer().AsSpan(0, (int)text.Length);
    }
}
