namespace LatentDiffusion.Data;

/// <summary>What to do with pictures that cannot be read: damaged, missing, or of an unknown format.</summary>
public enum UnreadableImageHandling
{
    /// <summary>
    /// Refuse them: missing files when the source is opened, damaged ones when they are read, by an
    /// <see cref="InvalidDataException"/> that names the picture.
    /// </summary>
    Refuse,

    /// <summary>
    /// Leave them out: every picture is decoded once when the source is opened, what cannot be is logged as a warning and
    /// listed in <see cref="StoredImages.Unreadable"/>, and the others are counted from 0.
    /// </summary>
    Skip,
}
