using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Data;

/// <summary>Fractions for <see cref="DataSplit"/>; the rest is for training.</summary>
public sealed record DataSplitOptions : IValidatableObject
{
    /// <summary>Fraction for validation, in [0, 1); 0 for none. Default 0.05.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Validation { get; init; } = 0.05;

    /// <summary>Fraction for testing, in [0, 1); 0 for none. Default 0.05.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Test { get; init; } = 0.05;

    /// <summary>
    /// Whether parts that the data set was published in (folders <c>train</c>, <c>validation</c> and <c>test</c>, or Parquet files
    /// of these names) are kept. A published part replaces its fraction; other fractions are taken from the published training
    /// part. Default true; false divides all images again.
    /// </summary>
    public bool KeepPublishedParts { get; init; } = true;

    /// <summary>
    /// Bits of 63, from 0 to 16, in which the perceptual hashes of two images, mirrored or not, may differ for the images to count
    /// as duplicates. Validation images that duplicate a training image, and test images that duplicate an image of either, are
    /// left out. Null (the default) leaves nothing out; 8 finds mirrored, resized and re-encoded images; more also finds images
    /// that are only similar.
    /// </summary>
    [Range(0, 16)]
    public int? NearDuplicateBits { get; init; }

    /// <summary>Seed of the split. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <inheritdoc />
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!(Validation + Test < 1))
            yield return new ValidationResult(
                $"{Validation} for validation and {Test} for testing leave nothing for training.", [nameof(Validation), nameof(Test)]);
    }
}
