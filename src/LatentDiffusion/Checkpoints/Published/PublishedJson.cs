using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// Reads the JSON files of published models. All of them are read here, so that every fault of such a file is the same
/// exception: no valid JSON, no object, a key twice, text that is not Unicode, or a failed download.
/// </summary>
internal static class PublishedJson
{
    private const int MaximumLength = 1 << 26;

    private static readonly JsonDocumentOptions s_options = new()
    {
        AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, AllowDuplicateProperties = false, MaxDepth = 64,
    };

    /// <summary>Reads a file that holds one object.</summary>
    /// <exception cref="InvalidDataException">It does not; the message names the file and says why.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static JsonObject ReadObject(string path) => Named(path, () => ParseObject(ReadText(path)));

    /// <summary>Parses one object.</summary>
    /// <exception cref="InvalidDataException">The text is something else; the message says why.</exception>
    public static JsonObject ParseObject(string json) => JsonObject.Create(Parse(json))!;

    /// <inheritdoc cref="ParseObject"/>
    public static JsonElement Parse(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        if (FailedDownload.Describe(Encoding.UTF8.GetBytes(json[..Math.Min(json.Length, 256)])) is { } problem)
            throw new InvalidDataException(problem);
        try
        {
            JsonElement root = JsonElement.Parse(NonFiniteNumbers.Quote(json), s_options);
            if (root.ValueKind != JsonValueKind.Object) throw new InvalidDataException($"it is not a JSON object but {root.ValueKind}.");
            CheckText(root);
            return root;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            throw new InvalidDataException($"it is not valid JSON: {MessageText.Truncate(e.Message, 300)}", e);
        }
    }

    /// <summary>Reads a file's text.</summary>
    /// <exception cref="InvalidDataException">It is too long for a configuration.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static string ReadText(string path) => new FileInfo(path) is { Exists: true, Length: > MaximumLength } file
        ? throw new InvalidDataException($"{path} has {file.Length} bytes; a configuration has at most {MaximumLength}.")
        : File.ReadAllText(path);

    /// <summary>Runs a reader, and puts the file's path at the start of error messages.</summary>
    public static T Named<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException)
        {
            throw new InvalidDataException(MessageText.Truncate($"{path}: {e.Message}"), e);
        }
        catch (NotSupportedException e)
        {
            throw new NotSupportedException(MessageText.Truncate($"{path}: {e.Message}"), e);
        }
    }

    /// <summary>Whether an option asks for nothing: null, false, or empty.</summary>
    public static bool IsOff(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.String => value.GetString() is "",
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => value.GetPropertyCount() == 0,
        _ => false,
    };

    /// <summary>Half a surrogate pair, escaped, passes the parser and throws where the text is read.</summary>
    private static void CheckText(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.String:
                element.GetString();
                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in element.EnumerateArray()) CheckText(item);
                break;
            case JsonValueKind.Object:
                foreach (JsonProperty property in element.EnumerateObject())
                {
                    _ = property.Name;
                    CheckText(property.Value);
                }

                break;
        }
    }
}
