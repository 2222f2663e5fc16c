namespace LatentDiffusion;

/// <summary>Where a picture that was resized or cropped comes from: models that are told of it (Podell et al. 2023, "SDXL", section 2.2) learn what small and cut pictures look like, and so to avoid it.</summary>
/// <param name="Width">Width of the original in pixels.</param>
/// <param name="Height">Height of the original in pixels.</param>
/// <param name="CropLeft">Columns of the resized picture that were cut off at the left, as the picture is seen now.</param>
/// <param name="CropTop">Rows of the resized picture that were cut off at the top.</param>
public sealed record ImageOrigin(int Width, int Height, int CropLeft, int CropTop);
