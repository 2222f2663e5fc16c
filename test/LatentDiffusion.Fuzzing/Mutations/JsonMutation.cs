using System.Text;
using System.Text.Json.Nodes;

namespace LatentDiffusion.Fuzzing;

/// <summary>Damages JSON: as a tree, so that it remains JSON, or as text.</summary>
internal static class JsonMutation
{
    /// <summary>Stands for half a surrogate pair, which JSON writers do not write.</summary>
    private const string Surrogate = "HALF";

    private static readonly string[] s_pieces =
    [
        "{", "}", "[", "]", ",", ":", "null", "true", "false", "{}", "[]", "\"\"", "\"a\"", "0", "-1", "1e9", "1e400", "-1e400", "NaN",
        "-Infinity", "0.5", "2147483648", "9223372036854775807", "18446744073709551616", "1000000000",
        "\"HALF\"", "\"\\u0000\"", "\"a\":1,\"a\":2", "//", "/*", "[[[[[[[[[[[[", "\"HALF\":1,",
    ];

    /// <summary>Damages a JSON text.</summary>
    /// <param name="json">An object.</param>
    /// <param name="random">Random numbers.</param>
    /// <param name="values">Further values to put in place of others, as JSON.</param>
    public static string Apply(string json, Random random, params string[] values) =>
        Damage(json, random, [.. s_pieces, .. values]).Replace(Surrogate, "\\ud800", StringComparison.Ordinal);

    /// <summary>The same as bytes.</summary>
    public static byte[] Bytes(string json, Random random, params string[] values) => Encoding.UTF8.GetBytes(Apply(json, random, values));

    private static string Damage(string json, Random random, string[] pieces)
    {
        if (random.Next(3) == 0) return TextMutation.Apply(json, random, pieces);
        JsonNode root = JsonNode.Parse(json)!;
        for (int n = random.Next(1, 4); n > 0; n--)
        {
            List<JsonNode> parents = [.. Parents(root)];
            if (parents.Count > 0) Change(parents[random.Next(parents.Count)], random, pieces);
        }

        string result = root.ToJsonString();
        return random.Next(4) == 0 ? TextMutation.Apply(result, random, pieces) : result;
    }

    private static IEnumerable<JsonNode> Parents(JsonNode? node) => node switch
    {
        JsonObject o => [o, .. o.SelectMany(p => Parents(p.Value))],
        JsonArray a => [a, .. a.SelectMany(Parents)],
        _ => [],
    };

    private static void Change(JsonNode parent, Random random, string[] values)
    {
        JsonNode? value = Value(values[random.Next(values.Length)]);
        if (parent is JsonArray array)
        {
            int at = random.Next(array.Count + 1);
            switch (random.Next(4))
            {
                case 0 when at < array.Count: array.RemoveAt(at); break;
                case 1 when at < array.Count: array[at] = value; break;
                case 2 when at < array.Count: array.Add(array[at]?.DeepClone()); break;
                default: for (int i = random.Next(1, 64); i > 0; i--) array.Insert(at, value?.DeepClone()); break;
            }

            return;
        }

        var o = (JsonObject)parent;
        string[] keys = [.. o.Select(p => p.Key)];
        string key = keys.Length == 0 ? "a" : keys[random.Next(keys.Length)];
        switch (random.Next(6))
        {
            case 0: o.Remove(key); break;
            case 1 or 2: o[key] = value; break;
            case 3: o[$"{key}{random.Next(10)}"] = o[key]?.DeepClone(); break;
            case 4 when keys.Length > 1: o[key] = o[keys[random.Next(keys.Length)]]?.DeepClone(); break;
            default:
                JsonNode? nested = o[key]?.DeepClone();
                o[key] = random.Next(2) == 0 ? new JsonArray(nested) : new JsonObject { [key] = nested };
                break;
        }
    }

    /// <summary>Pieces that are not JSON become texts.</summary>
    private static JsonNode? Value(string piece)
    {
        try
        {
            return JsonNode.Parse(piece);
        }
        catch (System.Text.Json.JsonException)
        {
            return piece;
        }
    }
}
