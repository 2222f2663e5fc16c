namespace LatentDiffusion;

/// <summary>
/// Options for reading a <see cref="GenerationRequest.Mask"/> and for blending the repainted area into the initial image.
/// </summary>
public sealed record InpaintingOptions
{
    /// <summary>
    /// Whether the black area of the mask is repainted and the white one preserved; published name <c>inpainting_mask_invert</c>.
    /// Default false.
    /// </summary>
    public bool InvertMask { get; init; }

    /// <summary>
    /// How far the repainted area is enlarged in all directions (a dilation by a square), in pixels of the initial image, -1024 to 1024.
    /// Less than 0 makes it smaller (an erosion). Default 0.
    /// </summary>
    public int MaskGrowth { get; init; }

    /// <summary>
    /// Standard deviation of the blur by which generated pixels fade into the initial image, in pixels of the result, 0 to 256; published
    /// name <c>mask_blur</c>. The whole repainted area is generated; pixels outside it are blended up to three standard deviations away.
    /// Default 0: every pixel outside the area is that of the initial image, byte for byte.
    /// </summary>
    public int MaskBlur { get; init; }

    /// <summary>
    /// Generates only the masked area ("only masked"): the mask's bounding box, enlarged by this many pixels of the initial image on each
    /// side (0 to 4096) and then to the aspect ratio of <see cref="GenerationRequest.Width"/> and <see cref="GenerationRequest.Height"/>.
    /// The area is resized to that size, generated, and put back into the initial image. The result has the size of the initial image.
    /// Published names <c>padding_mask_crop</c> and <c>inpaint_full_res_padding</c>. Null, the default, generates the whole image.
    /// </summary>
    public int? MaskPadding { get; init; }

    /// <summary>What the repainted area holds before noise is added. Default <see cref="MaskedContent.Original"/>.</summary>
    public MaskedContent MaskedContent { get; init; }

    /// <summary>
    /// Whether the pixels outside the repainted area are those of the initial image. If false, they also pass through the autoencoder,
    /// which changes them slightly. Default true.
    /// </summary>
    public bool PreservePixels { get; init; } = true;
}
