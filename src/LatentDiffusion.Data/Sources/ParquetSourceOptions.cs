using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Data;

/// <summary>How Parquet files are read.</summary>
public sealed record ParquetSourceOptions : StoredImagesOptions
{
    /// <summary>The defaults.</summary>
    public ParquetSourceOptions()
    {
    }

    internal ParquetSourceOptions(StoredImagesOptions common) : base(common)
    {
    }

    /// <summary>Column with the image files: binary, or a struct with a binary field <c>bytes</c>. Default <c>image</c>.</summary>
    public string ImageColumn { get; init; } = "image";

    /// <summary>
    /// Bytes of encoded images cached in memory, at least 0; one row group is always kept, whatever its size. Default 256 MB.
    /// Sequential reading needs one row group; random access is fast as long as all fit.
    /// </summary>
    [Range(0, long.MaxValue)]
    public long MemoryBudget { get; init; } = 256L << 20;
}
