using Parquet.Meta;

namespace LatentDiffusion.Data;

/// <summary>
/// The page headers of a column in one row group. The Parquet library allocates the lengths that they claim before it reads,
/// so a damaged header could cost gigabytes.
/// </summary>
internal static class ParquetPages
{
    // Headers take a few dozen bytes, and more with statistics of long values.
    private const int FirstWindow = 1 << 10, LargestHeader = 1 << 24, WindowGrowth = 16;

    private const int CompressedSize = 3;

    /// <summary>Checks all page headers, and restores the file's position.</summary>
    /// <exception cref="InvalidDataException">A header is damaged, or a page extends beyond the file.</exception>
    public static void Check(FileStream file, ColumnChunk column)
    {
        if (column.MetaData is not { } metadata) return;
        long position = file.Position, length = file.Length, size = metadata.TotalCompressedSize;
        long start = metadata.DictionaryPageOffset is > 0 and { } dictionary
            ? Math.Min(dictionary, metadata.DataPageOffset)
            : metadata.DataPageOffset;
        long end = start >= 0 && start <= length && size >= 0 && size <= length - start
            ? start + size
            : throw new InvalidDataException($"a column claims {size} bytes from {start} on, and the file has {length}.");
        while (start < end)
        {
            (int header, int page) = Header(file, start);
            if (page < 0 || page > length - start - header)
                throw new InvalidDataException($"a page claims {page} bytes, and the file has {length - start - header} more.");
            start += header + page;
        }

        file.Position = position;
    }

    private static (int Header, int Page) Header(FileStream file, long start)
    {
        for (int window = FirstWindow; ; window *= WindowGrowth)
        {
            byte[] bytes = new byte[Math.Min(window, file.Length - start)];
            file.Position = start;
            file.ReadExactly(bytes);
            try
            {
                (int header, IReadOnlyDictionary<int, int> integers) = ThriftStructure.CheckStart(bytes, ParquetMetadataShape.Page);
                return (header, integers.TryGetValue(CompressedSize, out int page)
                    ? page
                    : throw new InvalidDataException("a page does not state its size."));
            }
            catch (InvalidDataException) when (window < LargestHeader && window < file.Length - start)
            {
                // The header may be longer than the window.
            }
        }
    }
}
