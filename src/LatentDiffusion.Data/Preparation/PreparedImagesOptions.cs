using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Data;

/// <summary>How <see cref="PreparedImages"/> resizes, crops and mirrors images.</summary>
public sealed record PreparedImagesOptions : IValidatableObject
{
    /// <summary>Width of the prepared images in pixels, from 1 to 16384. Default 512.</summary>
    [Range(1, 16384)]
    public int Width { get; init; } = 512;

    /// <summary>Height of the prepared images in pixels, from 1 to 16384. Default 512.</summary>
    [Range(1, 16384)]
    public int Height { get; init; } = 512;

    /// <summary>How images are resized before the crop. Default <see cref="ImageFit.Cover"/>.</summary>
    public ImageFit Fit { get; init; } = ImageFit.Cover;

    /// <summary>
    /// With <see cref="ImageFit.Cover"/>: length in pixels that the shorter side is resized to, from 1 to 16384, so that a random
    /// crop has room in both directions. Null (the default) just covers the size.
    /// </summary>
    [Range(1, 16384)]
    public int? ShorterSide { get; init; }

    /// <summary>Where the part that exceeds the size is cropped. Default <see cref="CropPosition.Center"/>.</summary>
    public CropPosition Crop { get; init; } = CropPosition.Center;

    /// <summary>Probability of mirroring an image left to right, from 0 (the default) to 1.</summary>
    [Range(0.0, 1.0)]
    public double FlipProbability { get; init; }

    /// <summary>Seed of random crops and mirroring. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (Fit != ImageFit.Cover && ShorterSide is not null)
            yield return new ValidationResult(
                $"{nameof(ShorterSide)} requires {nameof(ImageFit.Cover)}; {nameof(Fit)} is {Fit}.", [nameof(ShorterSide)]);
        if (Fit == ImageFit.Stretch && Crop == CropPosition.Random)
            yield return new ValidationResult(
                $"A stretched image leaves nothing to crop; {nameof(Crop)} is {Crop}.", [nameof(Crop)]);
        if (ShorterSide < Math.Min(Width, Height))
            yield return new ValidationResult(
                $"A shorter side of {ShorterSide} pixels does not cover {Width} x {Height}.", [nameof(ShorterSide)]);
    }
}
