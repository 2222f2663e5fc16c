namespace LatentDiffusion.AspNetCore.Requests;

/// <summary>A size of images that a request asks for.</summary>
/// <param name="Setting">The setting that asks for it.</param>
/// <param name="Width">Width in pixels.</param>
/// <param name="Height">Height in pixels.</param>
internal readonly record struct OutputSize(string Setting, int Width, int Height)
{
    /// <summary>A side that is left to a model of another process, and the factor of an upscaler there: the largest usual ones.</summary>
    private const int ModelSide = 1024, NetworkScale = 4;

    /// <summary>Refuses a request for images that are too large.</summary>
    /// <exception cref="ArgumentException">A size is above the limit; the parameter is its setting.</exception>
    public static void Check(GenerationRequest request, PixelLimit limit)
    {
        foreach (OutputSize size in Of(request))
        {
            if (limit.Allows(size.Width, size.Height)) continue;
            throw new ArgumentException($"{size.Setting} asks for {limit.Refusal(size.Width, size.Height)}", size.Setting);
        }
    }

    /// <summary>The sizes, as far as they are known before a pipeline has the request.</summary>
    private static IEnumerable<OutputSize> Of(GenerationRequest request)
    {
        bool hasPlace = request is { Mask: not null, Inpainting.MaskPadding: not null };
        ImageBuffer? initial = hasPlace ? null : request.InitialImage;
        (int? width, int? height) = (request.Width ?? initial?.Width, request.Height ?? initial?.Height);
        var first = new OutputSize(
            nameof(request.Width), width ?? Math.Min(height ?? ModelSide, ModelSide), height ?? Math.Min(width ?? ModelSide, ModelSide));
        if ((width ?? height) is not null) yield return first;
        OutputSize generated = first;
        if (request.Upscale is { } upscale)
            yield return generated = new OutputSize(nameof(request.Upscale), upscale.Width, upscale.Height);
        // The area of a mask is put back into its image.
        if (hasPlace && request.InitialImage is { } whole) generated = new OutputSize(nameof(request.Width), whole.Width, whole.Height);
        if (request.FinalUpscale is { } final) yield return Enlarged(generated, final);
    }

    private static OutputSize Enlarged(OutputSize generated, ImageUpscaling upscaling)
    {
        double scale = upscaling.Scale ?? OwnScale(upscaling.Upscaler);
        (double width, double height) = (generated.Width, generated.Height);
        (double Width, double Height) size = upscaling switch
        {
            { Width: { } w, Height: { } h } => (w, h),
            { Width: { } w } => (w, w * height / width),
            { Height: { } h } => (h * width / height, h),
            _ => (width * scale, height * scale),
        };
        return new OutputSize(nameof(GenerationRequest.FinalUpscale), Side(size.Width), Side(size.Height));
    }

    private static int OwnScale(string? upscaler) =>
        upscaler is not null && KnownUpscalers.TryGet(upscaler, out IImageUpscaler? known) ? known.Scale : NetworkScale;

    private static int Side(double length) => (int)Math.Clamp(Math.Round(length), 0, int.MaxValue);
}
