using System.IO.Compression;
using System.Text;

namespace LatentDiffusion;

/// <summary>The text entries of PNG files (PNG specification, section 11.3.3): how a picture was made, for example.</summary>
public static class PngText
{
    /// <summary>Compressed text may not unfold to more than this.</summary>
    private const int MaximumTextLength = 1 << 24;

    private const int MaximumKeywordLength = 79;

    /// <summary>Reads the text entries of a PNG file (tEXt, zTXt and iTXt), in file order; of entries with the same key the first.</summary>
    /// <param name="png">The file's bytes.</param>
    /// <exception cref="InvalidDataException">The bytes are no PNG file, or it is damaged before its last text.</exception>
    public static IReadOnlyDictionary<string, string> Read(ReadOnlySpan<byte> png)
    {
        if (!png.StartsWith(PngChunk.Signature)) throw new InvalidDataException("The bytes are no PNG file.");
        var texts = new Dictionary<string, string>();
        for (int position = PngChunk.Signature.Length; position < png.Length;)
        {
            PngChunk chunk = PngChunk.Read(png[position..]);
            if (chunk.Type.SequenceEqual("IEND"u8)) break;
            if (TryParse(chunk) is var (key, value)) texts.TryAdd(key, value);
            position += chunk.Length;
        }

        return texts;
    }

    /// <summary>Puts text entries into a PNG file, behind its header: what a codec of the user's own writes metadata with.</summary>
    /// <param name="png">The file's bytes.</param>
    /// <param name="texts">Entries by keyword (1 to 79 printable Latin-1 characters); null for none.</param>
    /// <returns>The file with the entries: tEXt where they are Latin-1, else iTXt.</returns>
    /// <exception cref="ArgumentException">A key is no PNG keyword, or a value has a NUL.</exception>
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

    private static void Write(Stream stream, string key, string value)
    {
        bool isKeyword = key.Length is > 0 and <= MaximumKeywordLength
            && key.All(IsPrintable)
            && key == key.Trim(' ')
            && !key.Contains("  ", StringComparison.Ordinal);
        if (!isKeyword)
        {
            throw new ArgumentException(
                $"'{key}' is no PNG keyword: 1 to {MaximumKeywordLength} printable Latin-1 characters with single spaces between.",
                nameof(key));
        }

        if (value.Contains('\0')) throw new ArgumentException($"The PNG text '{key}' has a NUL.", nameof(value));
        byte[] keyword = Encoding.Latin1.GetBytes(key);
        PngChunk chunk = value.All(c => IsPrintable(c) || c == '\n')
            ? new PngChunk("tEXt"u8, [.. keyword, 0, .. Encoding.Latin1.GetBytes(value)])

            // NUL, not compressed (two bytes), no language, no translated keyword.
            : new PngChunk("iTXt"u8, [.. keyword, 0, 0, 0, 0, 0, .. Encoding.UTF8.GetBytes(value)]);
        chunk.Write(stream);

        static bool IsPrintable(char c) => c is (>= ' ' and <= '~') or (>= '¡' and <= 'ÿ');
    }

    private static (string Key, string Value)? TryParse(PngChunk chunk)
    {
        bool international = chunk.Type.SequenceEqual("iTXt"u8), compressed = chunk.Type.SequenceEqual("zTXt"u8);
        if (!international && !compressed && !chunk.Type.SequenceEqual("tEXt"u8)) return null;
        ReadOnlySpan<byte> rest = chunk.Data;
        string key = Encoding.Latin1.GetString(Cut(ref rest));
        if (international)
        {
            if (rest.Length < 2) throw new InvalidDataException($"The PNG text '{key}' is truncated.");
            compressed = rest[0] != 0;
            rest = rest[2..];
            _ = Cut(ref rest);
            _ = Cut(ref rest);
        }
        else if (compressed) rest = rest.IsEmpty ? throw new InvalidDataException($"The PNG text '{key}' is truncated.") : rest[1..];

        byte[] text = compressed ? Inflate(key, rest.ToArray()) : rest.ToArray();
        return (key, (international ? Encoding.UTF8 : Encoding.Latin1).GetString(text));
    }

    /// <summary>Takes what stands before the next NUL.</summary>
    private static ReadOnlySpan<byte> Cut(ref ReadOnlySpan<byte> rest)
    {
        int end = rest.IndexOf((byte)0);
        if (end < 0) throw new InvalidDataException("A PNG text lacks its separator.");
        ReadOnlySpan<byte> part = rest[..end];
        rest = rest[(end + 1)..];
        return part;
    }

    private static byte[] Inflate(string key, byte[] bytes)
    {
        using var inflating = new ZLibStream(new MemoryStream(bytes), CompressionMode.Decompress);
        using var text = new MemoryStream();
        var buffer = new byte[1 << 14];
        for (int read; (read = inflating.Read(buffer)) > 0;)
        {
            if (text.Length + read > MaximumTextLength)
                throw new InvalidDataException($"The PNG text '{key}' unfolds to more than {MaximumTextLength} bytes.");
            text.Write(buffer, 0, read);
        }

        return text.ToArray();
    }
}
