using System.Collections;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;

namespace FineTune;

/// <summary>Says what is wrong with a value that is not of its setting's type.</summary>
internal static partial class SettingsProblem
{
    private const string Root = "$.";

    /// <summary>The problem, with the setting, its value and what was expected.</summary>
    public static string Describe(JsonException problem, JsonObject json)
    {
        if (Missing().Match(problem.Message) is { Success: true } missing)
            return $"{problem.Path?.TrimStart('$', '.')} lacks {missing.Groups[1].Value}; expected it.";
        if (problem.Path is not { } path || !path.StartsWith(Root, StringComparison.Ordinal) || path.Contains('[')) return problem.Message;
        Type type = typeof(FineTuneSettings);
        JsonNode? value = json;
        foreach (string name in path[Root.Length..].Split('.'))
        {
            value = value is JsonObject section ? section[name] : null;
            JsonTypeInfo info = SettingsJson.Options.GetTypeInfo(type);
            // A property of a weighting's kind, whose type the path does not say.
            if (info.PolymorphismOptions is not null) return problem.Message;
            if (info.Properties.FirstOrDefault(property => property.Name == name) is not { } property)
                return $"{path[Root.Length..]} is not a setting; the schema lists all.";
            type = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
        }

        return $"{path[Root.Length..]} is {value?.ToJsonString() ?? "null"}; expected {Expected(type)}.";
    }

    [GeneratedRegex("missing required properties including: (.+?)\\.")]
    private static partial Regex Missing();

    private static string Expected(Type type)
    {
        if (type.IsEnum)
        {
            return string.Join(
                " or ", Enum.GetValuesAsUnderlyingType(type).Cast<object>()
                    .Select(value => JsonSerializer.SerializeToNode(Enum.ToObject(type, value), type, SettingsJson.Options)));
        }

        return Type.GetTypeCode(type) switch
        {
            TypeCode.Boolean => "true or false",
            TypeCode.String => "a text",
            TypeCode.Double => "a number",
            TypeCode.Object => typeof(IEnumerable).IsAssignableFrom(type) ? "a list" : "an object",
            _ => "a whole number",
        };
    }
}
