namespace LatentDiffusion.AspNetCore.Requests;

/// <summary>Files in JSON: base64, with or without the head of a data URL.</summary>
internal static class Base64File
{
    private const string DataUrl = "data:", Base64Mark = ";base64,";

    /// <summary>The bytes; null where the text is not base64. Links are never followed.</summary>
    public static byte[]? Decode(string text)
    {
        ReadOnlySpan<char> content = text.AsSpan().Trim();
        if (content.StartsWith(DataUrl, StringComparison.OrdinalIgnoreCase))
        {
            int mark = content.IndexOf(Base64Mark, StringComparison.OrdinalIgnoreCase);
            if (mark < 0) return null;
            content = content[(mark + Base64Mark.Length)..];
        }

        // Three bytes for four characters; white space is not counted and makes the rest unused.
        byte[] bytes = new byte[content.Length / 4 * 3 + 3];
        return Convert.TryFromBase64Chars(content, bytes, out int written) ? bytes[..written] : null;
    }

    public static string Encode(ReadOnlySpan<byte> file) => Convert.ToBase64String(file);
}
