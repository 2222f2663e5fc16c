namespace LatentDiffusion.Models;

/// <summary>
/// Which numbers about an image's size a denoiser of the SDXL family reads (Podell et al. 2023, "SDXL", section 2.2), from the tensor
/// <see cref="TimeIds.Name"/> of <see cref="Conditioning.Additional"/>.
/// </summary>
internal enum SizeConditioning
{
    /// <summary>None.</summary>
    None,

    /// <summary>Original height and width, top and left of the crop, target height and width: the base model.</summary>
    TargetSize,

    /// <summary>Original height and width, top and left of the crop, aesthetic score: the refiner.</summary>
    AestheticScore,
}
