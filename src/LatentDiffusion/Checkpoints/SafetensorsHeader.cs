using System.Text.Json;
using System.Text.Unicode;

namespace LatentDiffusion.Checkpoints;

/// <summary>The parsed and checked JSON header of a safetensors file.</summary>
/// <param name="Entries">
/// Every tensor in file order, how it is stored, and the position of its values, counted from the end of the header.
/// </param>
/// <param name="Metadata">The text entries of <c>__metadata__</c>, in file order.</param>
internal sealed record SafetensorsHeader(
    IReadOnlyList<(TensorEntry Tensor, StoredType Type, long Start)> Entries,
    IReadOnlyDictionary<string, string> Metadata)
{
    public const string MetadataKey = "__metadata__";

    /// <summary>Maximum depth of the JSON: more than the two levels of the format, for fields of later versions.</summary>
    private const int MaximumDepth = 8;

    /// <summary>Maximum dimensions of a tensor: the limit of most operators of libtorch.</summary>
    private const int MaximumDimensions = 64;

    /// <summary>Maximum characters of a name in a message.</summary>
    private const int LongestName = 200;

    /// <summary>Parses a header and checks that its tensors cover the file's data exactly.</summary>
    /// <param name="json">The header's bytes.</param>
    /// <param name="dataLength">Number of bytes that follow the header.</param>
    /// <exception cref="FormatException">The header is invalid; the message says why.</exception>
    public static SafetensorsHeader Parse(ReadOnlySpan<byte> json, long dataLength)
    {
        // Checked here once: the JSON reader checks the bytes of a string only when the string is requested.
        if (!Utf8.IsValid(json)) throw new FormatException("The header is not UTF-8.");
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaximumDepth });
        try
        {
            return Parse(ref reader, dataLength);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new FormatException($"The header is not valid JSON: {e.Message}", e);
        }
    }

    private static SafetensorsHeader Parse(ref Utf8JsonReader reader, long dataLength)
    {
        var entries = new List<(TensorEntry, StoredType, long)>();
        var names = new HashSet<string>();
        Dictionary<string, string>? metadata = null;
        Expect(ref reader, JsonTokenType.StartObject, "the header");
        while (Next(ref reader) != JsonTokenType.EndObject)
        {
            string name = reader.GetString()!;
            if (!names.Add(name)) throw new FormatException($"'{name}' occurs twice.");
            if (name == MetadataKey) metadata = ParseMetadata(ref reader);
            else entries.Add(ParseTensor(ref reader, name));
        }

        // Throws if anything but white space follows the object.
        reader.Read();
        return new SafetensorsHeader(InFileOrder(entries, dataLength), metadata ?? []);
    }

    private static Dictionary<string, string> ParseMetadata(ref Utf8JsonReader reader)
    {
        var metadata = new Dictionary<string, string>();
        Expect(ref reader, JsonTokenType.StartObject, MetadataKey);
        while (Next(ref reader) != JsonTokenType.EndObject)
        {
            string key = reader.GetString()!;
            Expect(ref reader, JsonTokenType.String, $"{MetadataKey} '{key}'");
            if (!metadata.TryAdd(key, reader.GetString()!)) throw new FormatException($"{MetadataKey} has '{key}' twice.");
        }

        return metadata;
    }

    private static (TensorEntry, StoredType, long) ParseTensor(ref Utf8JsonReader reader, string name)
    {
        string? dataType = null;
        long[]? shape = null, offsets = null;
        Expect(ref reader, JsonTokenType.StartObject, $"'{name}'");
        while (Next(ref reader) != JsonTokenType.EndObject)
        {
            string field = reader.GetString()!;
            if (field is "dtype" && dataType is null)
            {
                Expect(ref reader, JsonTokenType.String, $"the dtype of '{name}'");
                dataType = reader.GetString();
            }
            else if (field is "shape" && shape is null) shape = ParseNumbers(ref reader, $"the shape of '{name}'");
            else if (field is "data_offsets" && offsets is null) offsets = ParseNumbers(ref reader, $"the offsets of '{name}'");
            else if (field is "dtype" or "shape" or "data_offsets") throw new FormatException($"'{name}' has {field} twice.");
            else reader.Skip();
        }

        if (dataType is null || shape is null || offsets is not [var start, var end])
            throw new FormatException($"'{name}' does not have a dtype, a shape and two data_offsets.");
        StoredType type = StoredType.Find(dataType)
            ?? throw new FormatException(
                $"'{MessageText.Truncate(name, LongestName)}' is of the data type '{MessageText.Truncate(dataType, LongestName)}'; "
                + $"supported are {StoredType.Names}.");
        long length = ByteLength(name, shape, type.Size);
        if (start > end || end - start != length)
            throw new FormatException(
                $"'{name}' needs {length} bytes ({dataType} [{string.Join(", ", shape)}]), but its offsets are {start} to {end}.");
        return (new TensorEntry(name, type.Type, shape, length), type, start);
    }

    private static long[] ParseNumbers(ref Utf8JsonReader reader, string what)
    {
        var numbers = new List<long>(4);
        Expect(ref reader, JsonTokenType.StartArray, what);
        while (Next(ref reader) != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number) || number < 0)
                throw new FormatException($"A number in {what} is not a whole number from 0 to 2^63 - 1.");
            if (numbers.Count == MaximumDimensions)
                throw new FormatException($"There are more than {MaximumDimensions} numbers in {what}.");
            numbers.Add(number);
        }

        return [.. numbers];
    }

    /// <summary>Bytes of a tensor. A dimension of 0 counts as 1 in the check for overflow, as in the computation of strides.</summary>
    private static long ByteLength(string name, long[] shape, int size)
    {
        try
        {
            long atLeastOne = shape.Aggregate((long)size, (product, dimension) => checked(product * Math.Max(dimension, 1)));
            return shape.Contains(0) ? 0 : atLeastOne;
        }
        catch (OverflowException e)
        {
            throw new FormatException($"'{name}' has the impossible shape [{string.Join(", ", shape)}].", e);
        }
    }

    private static List<(TensorEntry Tensor, StoredType Type, long Start)> InFileOrder(
        List<(TensorEntry Tensor, StoredType Type, long Start)> entries,
        long dataLength)
    {
        var ordered = entries.OrderBy(e => e.Start).ThenBy(e => e.Tensor.ByteLength).ToList();
        long position = 0;
        foreach ((TensorEntry tensor, _, long start) in ordered)
        {
            if (start != position)
            {
                throw new FormatException(
                    $"'{tensor.Name}' begins at byte {start} of the data, where {position} was expected: tensors overlap or leave a gap.");
            }

            position += tensor.ByteLength;
            if (position > dataLength)
            {
                throw new FormatException(
                    $"'{tensor.Name}' ends at byte {position} of the data, of which there are {dataLength}: the file is truncated.");
            }
        }

        return position == dataLength
            ? ordered
            : throw new FormatException($"{dataLength - position} bytes at the end belong to no tensor.");
    }

    private static JsonTokenType Next(ref Utf8JsonReader reader) =>
        reader.Read() ? reader.TokenType : throw new FormatException("The header ends too early.");

    private static void Expect(ref Utf8JsonReader reader, JsonTokenType expected, string where)
    {
        if (Next(ref reader) != expected)
            throw new FormatException($"A JSON {reader.TokenType} stands where {where} should have a {expected}.");
    }
}
