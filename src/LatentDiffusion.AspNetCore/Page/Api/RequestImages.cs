namespace LatentDiffusion.AspNetCore.Page;

/// <summary>Sets the images of a request. Small files may have many pixels, so that those of all images together are limited.</summary>
internal sealed class RequestImages(IImageCodec codec, int maximumPixels)
{
    // An image and its mask may both have the largest size.
    private long _pixelsLeft = 2L * maximumPixels;

    private static readonly string s_initial = Key(nameof(GenerationRequest.InitialImage)), s_mask = Key(nameof(GenerationRequest.Mask)),
        s_references = Key(nameof(GenerationRequest.ReferenceImages)), s_controls = Key(nameof(GenerationRequest.ControlImages)),
        s_adapters = Key(nameof(GenerationRequest.AdapterImages));

    /// <summary>Names of the settings that are images.</summary>
    public static IReadOnlyList<string> Names { get; } = [s_initial, s_mask, s_references, s_controls, s_adapters];

    /// <summary>The request with the images that are given.</summary>
    /// <exception cref="JobRequestException">An image cannot be read or is too large, or a field of one image has several.</exception>
    public GenerationRequest Read(GenerationRequest request, JobFields fields) => request with
    {
        InitialImage = One(s_initial, fields, RgbColor.White),
        Mask = One(s_mask, fields, RgbColor.Black),
        ReferenceImages = Several(s_references, fields, RgbColor.White),
        ControlImages = Several(s_controls, fields, RgbColor.Black),
        AdapterImages = Several(s_adapters, fields, RgbColor.Black),
    };

    private ImageBuffer? One(string name, JobFields fields, RgbColor background) => Several(name, fields, background) switch
    {
        null => null,
        [var image] => image,
        var images => throw new JobRequestException(name, $"{name} has {images.Length} images; expected one."),
    };

    private ImageBuffer[]? Several(string name, JobFields fields, RgbColor background)
    {
        IReadOnlyList<byte[]> files = fields.Images(name);
        return files.Count == 0 ? null : [.. files.Select(file => Decode(name, file, background))];
    }

    private ImageBuffer Decode(string name, byte[] file, RgbColor background)
    {
        try
        {
            (int width, int height) = codec.ReadSize(file);
            long pixels = (long)width * height;
            if (pixels > maximumPixels)
                throw new JobRequestException(name, $"{name} has {width} x {height} pixels; expected at most {maximumPixels}.");
            _pixelsLeft -= pixels;
            if (_pixelsLeft < 0)
                throw new JobRequestException(name, $"All images together have too many pixels; expected at most {2L * maximumPixels}.");

            return codec.Decode(file, background);
        }
        catch (InvalidDataException e)
        {
            throw new JobRequestException(name, $"{name} cannot be read: {e.Message}");
        }
    }

    private static string Key(string name) => RequestSettings.All.Single(s => s.Name == name).Key;
}
