using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion;

/// <summary>How an <see cref="ImageUpscaler"/> divides images into tiles.</summary>
public sealed record UpscalingOptions : IValidatableObject
{
    /// <summary>
    /// Height and width of a tile in pixels of the image that is enlarged: 16 to 4096, default 192. Memory is proportional to its square.
    /// An image that fits into one tile is enlarged whole.
    /// </summary>
    [Range(16, 4096)]
    public int TileSize { get; init; } = 192;

    /// <summary>
    /// Minimum overlap of neighbouring tiles, in pixels of the image: 0 to half of <see cref="TileSize"/>, default 32. In the middle half
    /// of the overlap the tiles are blended linearly; the rest only gives the network context. Outside the blended areas, pixels equal
    /// those of the untiled result if the context covers the network's receptive field: up to 350 pixels for 23 blocks, of which few matter
    /// in practice.
    /// </summary>
    [Range(0, 2048)]
    public int Overlap { get; init; } = 32;

    /// <inheritdoc />
    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (2 * Overlap > TileSize)
            yield return new ValidationResult($"Overlap is {Overlap}; expected at most half of TileSize, {TileSize}.", [nameof(Overlap)]);
    }
}
