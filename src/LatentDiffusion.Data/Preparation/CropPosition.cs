namespace LatentDiffusion.Data;

/// <summary>Where a crop is taken.</summary>
public enum CropPosition
{
    /// <summary>In the middle.</summary>
    Center,

    /// <summary>Anywhere, uniformly, as seed, picture and variant decide.</summary>
    Random,
}
