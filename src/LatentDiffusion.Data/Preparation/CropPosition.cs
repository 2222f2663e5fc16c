namespace LatentDiffusion.Data;

/// <summary>Where a crop is taken.</summary>
public enum CropPosition
{
    /// <summary>In the middle.</summary>
    Center,

    /// <summary>At a uniformly random position that depends on seed, image and variant.</summary>
    Random,
}
