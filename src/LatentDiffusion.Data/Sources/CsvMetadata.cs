using CsvHelper;

namespace LatentDiffusion.Data;

/// <summary><c>metadata.csv</c>: comma-separated with a header (RFC 4180); captions may be quoted and span lines.</summary>
internal static class CsvMetadata
{
    private static readonly CsvReaderOptions s_strict = CsvReaderOptions.Default with
    {
        Separator = ',',
        MalformedData = CsvMalformedDataHandling.Throw,
        FieldCountMismatch = CsvFieldCountHandling.Throw,
        TrackLineNumbers = true,
    };

    /// <exception cref="InvalidDataException">A row cannot be read; the message names file and line.</exception>
    public static IEnumerable<MetadataRow> Read(string path, ImageFolderOptions options)
    {
        using CsvReader csv = CsvReader.FromText(DatasetText.Read(path), s_strict);
        string[] header = Checked(path, () => csv.Headers.ToArray());
        int name = Column(path, header, options.FileNameColumn), caption = Column(path, header, options.CaptionColumn);
        while (Checked(path, csv.Read)) yield return new MetadataRow(csv.LineNumber, csv.GetString(name), [csv.GetString(caption)]);
    }

    private static T Checked<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (CsvFormatException e)
        {
            throw new InvalidDataException($"{path}, line {e.LineNumber}: {MessageText.Truncate(e.Message, 300)}", e);
        }
    }

    private static int Column(string path, string[] header, string name)
    {
        int column = Array.IndexOf(header, name);
        return column >= 0
            ? column
            : throw new InvalidDataException(
                $"{path} has no column '{name}'; it has {MessageText.List([.. header.Select(h => $"'{h}'")])}.");
    }
}
