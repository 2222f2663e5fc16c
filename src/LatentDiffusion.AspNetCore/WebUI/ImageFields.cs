namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>The initial image of a request, and its mask.</summary>
/// <param name="Image">The image, resized where the request says how.</param>
/// <param name="Mask">The mask, of the image's size; null for none.</param>
/// <param name="Strength">How much of the image is generated again.</param>
/// <param name="Inpainting">How the mask is read; null without one.</param>
internal sealed record ImageFields(ImageBuffer Image, ImageBuffer? Mask, double Strength, InpaintingOptions? Inpainting)
{
    private const string InitImages = "init_images", MaskName = "mask";

    /// <summary>Reads the fields; null with errors where they are wrong.</summary>
    /// <param name="fields">The fields.</param>
    /// <param name="images">Decodes images.</param>
    /// <param name="limit">The most pixels of the result.</param>
    /// <param name="width">Width of the result; null for the image's.</param>
    /// <param name="height">Height of the result; null for the image's.</param>
    /// <exception cref="ApiError">There is no image.</exception>
    public static ImageFields? Read(FieldReader fields, InputImages images, PixelLimit limit, int? width, int? height)
    {
        if (!fields.Has(InitImages)) throw ApiError.NotFound("Init image not found");
        IReadOnlyList<string> initial = fields.Texts(InitImages);
        double strength = fields.Number("denoising_strength", 0, 1, 0.75)!.Value;
        if (strength == 0) fields.Add("denoising_strength", "0, which leaves the image as it is; expected more than 0.");
        var mode = (ResizeMode)fields.Integer("resize_mode", 0, 3, 0)!.Value;
        if (mode == ResizeMode.Latent) fields.Add("resize_mode", "3, resizing latents, is not supported; expected 0 to 2.");
        string? mask = fields.Text(MaskName);
        if (!fields.Flag("include_init_images", false))
        {
            fields.Forget(InitImages);
            fields.Forget(MaskName);
        }

        InpaintingOptions options = InpaintingFields.Read(fields);
        if (initial.Count != 1)
        {
            fields.Add(InitImages, $"{initial.Count} images; expected one.");
            return null;
        }

        ImageBuffer? image = images.Image(fields, InitImages, initial[0]);
        ImageBuffer? repainted = string.IsNullOrEmpty(mask) ? null : images.Mask(fields, MaskName, mask);
        if (image is null || mode == ResizeMode.Latent) return null;
        repainted = repainted?.Resize(image.Width, image.Height);
        // The part that is generated is resized, and not the image around it.
        if (repainted is null || options.MaskPadding is null)
        {
            (int targetWidth, int targetHeight) = (width ?? image.Width, height ?? image.Height);
            if (!limit.Allows(targetWidth, targetHeight))
            {
                // A size that the request names is refused already.
                if (width is null || height is null) fields.Add("width", limit.Refusal(targetWidth, targetHeight));
                return null;
            }

            image = mode.Apply(image, targetWidth, targetHeight);
            repainted = repainted is null ? null : mode.Apply(repainted, targetWidth, targetHeight);
        }

        return new ImageFields(image, repainted, strength, repainted is null ? null : options);
    }
}
