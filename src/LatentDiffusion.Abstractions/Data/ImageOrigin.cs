namespace LatentDiffusion.Data;

/// <summary>
/// Original size and crop of an image that was resized or cropped. Models conditioned on them (Podell et al. 2023, "SDXL",
/// section 2.2) learn how small and cropped images look, and can avoid it.
/// </summary>
/// <param name="Width">Width of the original in pixels.</param>
/// <param name="Height">Height of the original in pixels.</param>
/// <param name="CropLeft">Columns of the resized image that were cut off on the left, after mirroring.</param>
/// <param name="CropTop">Rows of the resized image that were cut off at the top.</param>
public sealed record ImageOrigin(int Width, int Height, int CropLeft, int CropTop);
