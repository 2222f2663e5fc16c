namespace LatentDiffusion.Data;

/// <summary>A file of a data set.</summary>
/// <param name="Path">Path of the file.</param>
/// <param name="Name">Path relative to the data set's folder, with slashes.</param>
internal readonly record struct DatasetFile(string Path, string Name)
{
    /// <summary>The extension in lower case, with the dot.</summary>
    public string Extension => System.IO.Path.GetExtension(Name).ToLowerInvariant();
}
