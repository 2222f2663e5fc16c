namespace LatentDiffusion;

/// <summary>Which numbers about a picture's size a denoiser is told (Podell et al. 2023, "SDXL", section 2.2), and in which order.</summary>
public enum SizeConditioning
{
    /// <summary>None.</summary>
    None,

    /// <summary>Original height and width, top and left of the crop, target height and width: the base model of SDXL.</summary>
    TargetSize,

    /// <summary>Original height and width, top and left of the crop, aesthetic score: the refiner of SDXL.</summary>
    AestheticScore,
}
