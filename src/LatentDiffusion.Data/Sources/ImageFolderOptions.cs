namespace LatentDiffusion.Data;

/// <summary>How a folder of images is read.</summary>
public sealed record ImageFolderOptions : StoredImagesOptions
{
    /// <summary>The defaults.</summary>
    public ImageFolderOptions()
    {
    }

    internal ImageFolderOptions(StoredImagesOptions common) : base(common)
    {
    }

    /// <summary>
    /// Column or property with the image's path, relative to the metadata file's folder. Default <c>file_name</c>.
    /// </summary>
    public string FileNameColumn { get; init; } = "file_name";

    /// <summary>
    /// Caption of images without a caption file, in a folder without metadata; null (the default) refuses such a folder.
    /// Set the empty string for images without captions.
    /// </summary>
    public string? DefaultCaption { get; init; }

    /// <summary>
    /// Whether each line of a caption file is a separate caption, of which a variant takes one; false if a file is one caption
    /// of several lines. Default true.
    /// </summary>
    public bool CaptionPerLine { get; init; } = true;
}
