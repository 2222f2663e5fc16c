using System.Text;

namespace LatentDiffusion.Data;

/// <summary>
/// Texts of data sets: UTF-8 with or without a byte-order mark, or UTF-16 with one. Anything else is refused with file and line,
/// because U+FFFD replacements would be trained on.
/// </summary>
internal static class DatasetText
{
    private static readonly UTF8Encoding s_utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
    private static readonly UnicodeEncoding s_utf16 = new(bigEndian: false, byteOrderMark: true, throwOnInvalidBytes: true);
    private static readonly UnicodeEncoding s_utf16BigEndian = new(bigEndian: true, byteOrderMark: true, throwOnInvalidBytes: true);

    /// <summary>Reads a text file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="maximumLength">Maximum number of bytes.</param>
    /// <exception cref="InvalidDataException">
    /// The file is not text in UTF-8 or UTF-16, is too long, or is not a regular file; the message names file and line.
    /// </exception>
    public static string Read(string path, long maximumLength = int.MaxValue) => Decode(RegularFile.Read(path, maximumLength), path);

    /// <summary>Decodes the bytes of a text file.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="name">The file, for messages.</param>
    public static string Decode(byte[] bytes, string name)
    {
        (Encoding encoding, int mark) = bytes switch
        {
            [0xEF, 0xBB, 0xBF, ..] => ((Encoding)s_utf8, 3),
            [0xFF, 0xFE, ..] => (s_utf16, 2),
            [0xFE, 0xFF, ..] => (s_utf16BigEndian, 2),
            _ => (s_utf8, 0),
        };
        string text;
        try
        {
            text = encoding.GetString(bytes, mark, bytes.Length - mark);
        }
        catch (DecoderFallbackException e)
        {
            int valid = Math.Clamp(e.Index, 0, bytes.Length - mark);
            string before = Encoding.GetEncoding(encoding.CodePage).GetString(bytes, mark, valid);
            throw new InvalidDataException(
                $"{name}, line {Line(before, before.Length)}: the text is not valid {encoding.WebName.ToUpperInvariant()} "
                + $"(byte 0x{bytes[Math.Min(mark + valid, bytes.Length - 1)]:X2}). "
                + "Save it as UTF-8, or as UTF-16 with a byte-order mark.", e);
        }

        int nul = text.IndexOf('\0', StringComparison.Ordinal);
        return nul < 0
            ? text
            : throw new InvalidDataException(
                $"{name}, line {Line(text, nul)}: the text contains a NUL character. "
                + "Save it as UTF-8, or as UTF-16 with a byte-order mark.");
    }

    private static int Line(string text, int end) => text.AsSpan(0, end).Count('\n') + 1;
}
