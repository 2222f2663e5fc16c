using System.Text.Json;

namespace LatentDiffusion.Data;

/// <summary><c>metadata.jsonl</c>: one JSON object a line; empty lines are passed over.</summary>
internal static class JsonLinesMetadata
{
    /// <exception cref="InvalidDataException">A line is no such object; the message names file and line.</exception>
    public static IEnumerable<MetadataRow> Read(string path, ImageFolderOptions options)
    {
        long number = 0;
        foreach (string line in File.ReadLines(path))
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
            string name = Text(json.RootElement, options.FileNameColumn) ?? throw new InvalidDataException($"'{options.FileNameColumn}' is null.");
            return new MetadataRow(number, name, Text(json.RootElement, options.CaptionColumn) ?? "");
        }
        catch (Exception e) when (e is JsonException or InvalidDataException)
        {
            throw new InvalidDataException($"{path}, line {number}: {e.Message}", e);
        }
    }

    private static string? Text(JsonElement row, string property)
    {
        if (row.ValueKind != JsonValueKind.Object) throw new InvalidDataException($"a JSON object was expected, and this is of the kind {row.ValueKind}.");
        if (!row.TryGetProperty(property, out JsonElement value))
            throw new InvalidDataException($"there is no '{property}'; there are {string.Join(", ", row.EnumerateObject().Select(p => $"'{p.Name}'"))}.");
        return value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Null => null,
            var kind => throw new InvalidDataException($"'{property}' is of the kind {kind}; a text was expected."),
        };
    }
}
