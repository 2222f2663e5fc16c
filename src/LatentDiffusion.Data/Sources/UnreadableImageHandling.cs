namespace LatentDiffusion.Data;

/// <summary>Handling of images that cannot be read: damaged, missing, or of an unknown format.</summary>
public enum UnreadableImageHandling
{
    /// <summary>
    /// Throws: for missing files when the source is opened, for damaged ones when they are read, with an
    /// <see cref="InvalidDataException"/> that names the image.
    /// </summary>
    Refuse,

    /// <summary>
    /// Leaves them out: every image is decoded once when the source is opened. Unreadable ones are logged as warnings and
    /// listed in <see cref="StoredImages.Unreadable"/>; the others are indexed from 0.
    /// </summary>
    Skip,
}
