using System.Text.Json.Nodes;

namespace FineTune;

/// <summary>Puts one JSON object over another.</summary>
internal static class JsonMerge
{
    private const string Kind = "kind", Algorithm = "algorithm", SecondMomentDecay = "beta2";

    /// <summary>A copy of an object with the values of another in place of its own; objects within are merged in the same way.</summary>
    public static JsonObject Over(this JsonObject upper, JsonObject lower)
    {
        var merged = lower.DeepClone().AsObject();
        // The methods set this value of AdamW, which Adafactor does not have.
        if (JsonNode.DeepEquals(upper[Algorithm], "adafactor")) merged.Remove(SecondMomentDecay);
        foreach ((string name, JsonNode? value) in upper)
        {
            // A weighting of another kind has none of the values of the one before.
            merged[name] = value is JsonObject one && merged[name] is JsonObject other && SameKind(one, other)
                ? one.Over(other) : value?.DeepClone();
        }

        return merged;
    }

    /// <summary>Sets a value by its path, for example <c>training.optimizer.beta1</c>.</summary>
    public static void Set(this JsonObject target, string path, JsonNode? value)
    {
        string[] names = path.Split('.');
        foreach (string name in names[..^1])
        {
            if (target[name] is not JsonObject next) target[name] = next = [];
            target = next;
        }

        target[names[^1]] = value;
    }

    private static bool SameKind(JsonObject one, JsonObject other) =>
        one[Kind] is not { } kind || JsonNode.DeepEquals(kind, other[Kind]);
}
