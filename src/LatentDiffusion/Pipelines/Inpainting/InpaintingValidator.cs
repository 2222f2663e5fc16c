namespace LatentDiffusion;

/// <summary>Checks a mask and how it is read.</summary>
internal static class InpaintingValidator
{
    private const int MaximumGrowth = 1024, MaximumBlur = 256, MaximumPadding = 4096;

    /// <summary>The largest area that is cut out, as a multiple of the initial image or the generated one.</summary>
    private const long LargestArea = 16;

    /// <param name="request">A request with an initial image and a mask.</param>
    /// <exception cref="ArgumentException">It asks for something impossible; the message names it.</exception>
    public static void Check(GenerationRequest request)
    {
        (ImageBuffer image, ImageBuffer mask) = (request.InitialImage!, request.Mask!);
        RequestValidator.Check(
            (mask.Width, mask.Height) == (image.Width, image.Height), nameof(request.Mask), $"{mask.Width} x {mask.Height} pixels",
            $"{image.Width} x {image.Height}, the size of {nameof(request.InitialImage)}");
        if (request.Inpainting is not { } options) return;
        Range(nameof(options.MaskGrowth), options.MaskGrowth, -MaximumGrowth, MaximumGrowth);
        Range(nameof(options.MaskBlur), options.MaskBlur, 0, MaximumBlur);
        Range(nameof(options.MaskPadding), options.MaskPadding ?? 0, 0, MaximumPadding);
        RequestValidator.Check(
            Enum.IsDefined(options.MaskedContent), Name(nameof(options.MaskedContent)), options.MaskedContent,
            $"one of {string.Join(", ", Enum.GetNames<MaskedContent>())}");
        RequestValidator.Check(
            options.PreservePixels || options.MaskBlur == 0, Name(nameof(options.MaskBlur)), options.MaskBlur,
            $"0 without {nameof(options.PreservePixels)}");
        if (options.MaskPadding is not null) CheckArea(request);

        static void Range(string name, int value, int minimum, int maximum) =>
            RequestValidator.Check(value >= minimum && value <= maximum, Name(name), value, $"from {minimum} to {maximum}");
    }

    /// <summary>Checks that the cropped area exists, and that its memory is in proportion to the images.</summary>
    private static void CheckArea(GenerationRequest request)
    {
        string padding = Name(nameof(InpaintingOptions.MaskPadding));
        ImageBuffer mask = RepaintMask.Read(request);
        RequestValidator.Check(
            RepaintMask.Repainted(mask).Contains(true), nameof(request.Mask), "without a repainted pixel",
            $"at least one with {padding}");
        PixelArea area = RepaintedArea.Cut(request, mask)!.Value;
        long images = Math.Max((long)mask.Width * mask.Height, (long)request.Width!.Value * request.Height!.Value);
        // The area is an image itself, whose bytes are one array.
        long largest = Math.Min(LargestArea * images, Array.MaxLength / 3);
        RequestValidator.Check(
            (long)area.Width * area.Height <= largest, padding, $"for an area of {area.Width} x {area.Height} pixels",
            $"at most {largest} pixels: an aspect ratio of {nameof(request.Width)} and {nameof(request.Height)} closer to the mask's");
    }

    private static string Name(string option) => $"{nameof(GenerationRequest.Inpainting)}.{option}";
}
