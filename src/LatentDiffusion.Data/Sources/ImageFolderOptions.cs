namespace LatentDiffusion.Data;

/// <summary>How a folder of pictures is read.</summary>
public sealed record ImageFolderOptions : StoredImagesOptions
{
    /// <summary>Column, or property, that holds the picture's path, relative to the metadata file's folder. Default <c>file_name</c>.</summary>
    public string FileNameColumn { get; init; } = "file_name";

    /// <summary>
    /// Caption of pictures without a caption file, in a folder without metadata; null (the default) refuses such a folder.
    /// Give the empty text for pictures without captions.
    /// </summary>
    public string? DefaultCaption { get; init; }
}
