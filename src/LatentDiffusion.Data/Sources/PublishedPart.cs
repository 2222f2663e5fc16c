namespace LatentDiffusion.Data;

/// <summary>
/// A part of a data set, in order of precedence: near duplicates of images in an earlier part are left out of later ones.
/// </summary>
internal enum PublishedPart
{
    /// <summary>For training.</summary>
    Train,

    /// <summary>For monitoring training.</summary>
    Validation,

    /// <summary>For the final test.</summary>
    Test,
}
