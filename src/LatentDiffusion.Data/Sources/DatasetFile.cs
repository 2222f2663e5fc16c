namespace LatentDiffusion.Data;

/// <summary>A file of a data set.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Name">Its path below the data set's folder, with slashes.</param>
internal readonly record struct DatasetFile(string Path, string Name)
{
    /// <summary>Its extension in lower case, with the dot.</summary>
    public string Extension => System.IO.Path.GetExtension(Name).ToLowerInvariant();
}
