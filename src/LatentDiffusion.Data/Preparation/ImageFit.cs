namespace LatentDiffusion.Data;

/// <summary>How a picture is brought near the wanted size before it is cropped.</summary>
public enum ImageFit
{
    /// <summary>Resized, sides in proportion, until it just covers the size, or until its shorter side is as long as asked for.</summary>
    Cover,

    /// <summary>Resized to the size exactly, whatever becomes of its proportions.</summary>
    Stretch,

    /// <summary>Not resized: the crop is taken out of the picture as it is.</summary>
    Keep,
}
