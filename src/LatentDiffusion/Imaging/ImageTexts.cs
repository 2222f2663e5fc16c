namespace LatentDiffusion.Imaging;

/// <summary>
/// The text entries of image files. PNG has them itself (<see cref="PngText"/>). In JPEG and WebP they are in an XMP packet, and the entry
/// <c>parameters</c> is in the EXIF comment too, where Stable Diffusion web UI and its followers write and read it.
/// </summary>
public static class ImageTexts
{
    /// <summary>Reads the text entries of a PNG, JPEG or WebP file.</summary>
    /// <param name="file">The file's bytes.</param>
    /// <returns>
    /// The entries by their keys. The EXIF comment is <c>parameters</c>; texts of EXIF that ComfyUI writes are <c>prompt</c> and
    /// <c>workflow</c>.
    /// </returns>
    /// <exception cref="InvalidDataException">The bytes are not such a file, or it is damaged before its last text.</exception>
    public static IReadOnlyDictionary<string, string> Read(ReadOnlySpan<byte> file)
    {
        if (file.StartsWith(PngChunk.Signature)) return ReadPng(file);
        if (JpegSegments.IsJpeg(file)) return FromSegments(JpegSegments.Exif(file), JpegSegments.Xmp(file));
        if (WebpChunks.IsWebp(file)) return FromSegments(WebpChunks.Find(file, "EXIF"u8), WebpChunks.Find(file, "XMP "u8));
        throw new InvalidDataException("The bytes are not a PNG, JPEG or WebP file.");
    }

    /// <summary>Inserts text entries into a PNG, JPEG or WebP file; custom codecs can write metadata with it.</summary>
    /// <param name="file">The file's bytes. A JPEG or WebP file has no XMP packet or EXIF comment yet.</param>
    /// <param name="texts">Entries by their keys, as <see cref="PngText.Insert"/> takes them; null for none.</param>
    /// <returns>The file with the entries. JPEG holds an EXIF comment of up to 32,000 characters; a longer one is only in XMP.</returns>
    /// <exception cref="ArgumentException">A key is not a PNG keyword, or a value contains NUL.</exception>
    /// <exception cref="InvalidDataException">The bytes are not such a file, or it is damaged.</exception>
    public static byte[] Insert(ReadOnlySpan<byte> file, IReadOnlyDictionary<string, string>? texts)
    {
        if (file.StartsWith(PngChunk.Signature)) return PngText.Insert(file, texts);
        bool isJpeg = JpegSegments.IsJpeg(file);
        if (!isJpeg && !WebpChunks.IsWebp(file)) throw new InvalidDataException("The bytes are not a PNG, JPEG or WebP file.");
        if (texts is null || texts.Count == 0) return file.ToArray();
        foreach ((string key, string value) in texts) PngText.Check(key, value);
        byte[]? exif = texts.TryGetValue(ExifComment.Key, out string? comment) ? ExifComment.Write(comment) : null;
        byte[] xmp = XmpTexts.Write(texts);
        return isJpeg ? JpegSegments.Insert(file, exif, xmp) : WebpChunks.Insert(file, exif, xmp);
    }

    private static Dictionary<string, string> ReadPng(ReadOnlySpan<byte> file)
    {
        Dictionary<string, string> texts = PngText.Read(file, static _ => true);
        // The web UI's followers write EXIF into PNG files too.
        ReadOnlySpan<byte> exif = ExifOrientation.InPng(file[PngChunk.Signature.Length..]);
        foreach ((string key, string value) in ExifComment.Read(exif)) texts.TryAdd(key, value);
        return texts;
    }

    private static Dictionary<string, string> FromSegments(ReadOnlySpan<byte> exif, ReadOnlySpan<byte> xmp)
    {
        Dictionary<string, string> texts = XmpTexts.Read(xmp);
        foreach ((string key, string value) in ExifComment.Read(exif)) texts.TryAdd(key, value);
        return texts;
    }
}
