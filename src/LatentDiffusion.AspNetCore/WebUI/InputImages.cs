namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>Decodes the images of requests.</summary>
/// <param name="codec">The codec.</param>
/// <param name="limit">The most pixels of an image. A larger one is refused before it is decoded.</param>
internal sealed class InputImages(IImageCodec codec, PixelLimit limit)
{
    /// <summary>An image; null with an error where it cannot be read.</summary>
    public ImageBuffer? Image(FieldReader fields, string name, string text) => Read(fields, name, text, file => codec.Decode(file));

    /// <summary>
    /// A mask, white where pixels are repainted. As in the web UI, a mask with transparent pixels is read from its opacity: what was
    /// painted is opaque, in any colour.
    /// </summary>
    public ImageBuffer? Mask(FieldReader fields, string name, string text) => Read(fields, name, text, file =>
        codec.DecodeTransparency(file) is { } transparency ? Inverted(transparency) : codec.Decode(file, new RgbColor(0, 0, 0)));

    private ImageBuffer? Read(FieldReader fields, string name, string text, Func<byte[], ImageBuffer> decode)
    {
        if (Base64File.Decode(text) is not { } file)
        {
            fields.Add(name, "not base64; expected an image as base64, with or without the head of a data URL.");
            return null;
        }

        try
        {
            (int width, int height) = codec.ReadSize(file);
            if (limit.Allows(width, height)) return decode(file);
            fields.Add(name, limit.Refusal(width, height));
        }
        catch (InvalidDataException e)
        {
            fields.Add(name, $"cannot be read: {e.Message}");
        }

        return null;
    }

    private static ImageBuffer Inverted(ImageBuffer image)
    {
        byte[] rgb = image.Rgb.ToArray();
        for (int i = 0; i < rgb.Length; i++) rgb[i] = (byte)~rgb[i];
        return new ImageBuffer(image.Width, image.Height, rgb);
    }
}
