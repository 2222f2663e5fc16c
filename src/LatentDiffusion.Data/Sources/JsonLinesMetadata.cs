using System.Text.Json;

namespace LatentDiffusion.Data;

/// <summary><c>metadata.jsonl</c>: one JSON object per line; empty lines are skipped.</summary>
internal static class JsonLinesMetadata
{
    /// <exception cref="InvalidDataException">A line is not such an object; the message names file and line.</exception>
    public static IEnumerable<MetadataRow> Read(string path, ImageFolderOptions options)
    {
        long number = 0;
        using var lines = new StringReader(DatasetText.Read(path));
        while (lines.ReadLine() is { } line)
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line)) yield return Parse(path, number, line, options);
        }
    }

    private static MetadataRow Parse(string path, long number, string line, ImageFolderOptions options)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            string name = Text(Value(json.RootElement, options.FileNameColumn), options.FileNameColumn)
                ?? throw new InvalidDataException($"'{options.FileNameColumn}' is null.");
            return new MetadataRow(number, name, Captions(Value(json.RootElement, options.CaptionColumn), options.CaptionColumn));
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or InvalidOperationException)
        {
            // A lone surrogate in a text is an InvalidOperationException.
            throw new InvalidDataException($"{path}, line {number}: {MessageText.Truncate(e.Message, 300)}", e);
        }
    }

    private static JsonElement Value(JsonElement row, string property)
    {
        if (row.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"a JSON object was expected, and this is of the kind {row.ValueKind}.");
        return row.TryGetProperty(property, out JsonElement value)
            ? value
            : throw new InvalidDataException(
                $"the object has no '{property}'; it has {LeftOut.Names([.. row.EnumerateObject().Select(p => $"'{p.Name}'")])}.");
    }

    /// <summary>The texts of an array, or the single text.</summary>
    private static string[] Captions(JsonElement value, string property)
    {
        if (value.ValueKind != JsonValueKind.Array) return [Text(value, property) ?? ""];
        string[] captions = [.. value.EnumerateArray().Select(v => Text(v, property) ?? "")];
        return captions.Length > 0 ? captions : [""];
    }

    private static string? Text(JsonElement value, string property) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Null => null,
        var kind => throw new InvalidDataException($"'{property}' is of the kind {kind}; a text was expected."),
    };
}
