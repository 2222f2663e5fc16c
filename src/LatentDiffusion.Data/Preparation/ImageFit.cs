namespace LatentDiffusion.Data;

/// <summary>How an image is resized before it is cropped.</summary>
public enum ImageFit
{
    /// <summary>Resized in proportion until it just covers the size, or until its shorter side has the requested length.</summary>
    Cover,

    /// <summary>Resized to the exact size, ignoring proportions.</summary>
    Stretch,

    /// <summary>Not resized: the crop is taken from the image as stored.</summary>
    Keep,
}
