using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;

namespace FineTune;

/// <summary>The JSON schema of a configuration file, from the types of the settings.</summary>
internal static class SettingsSchema
{
    private const string Discriminator = "kind";

    /// <summary>The schema, indented.</summary>
    public static string Create()
    {
        var exporting = new JsonSchemaExporterOptions { TreatNullObliviousAsNonNullable = true, TransformSchemaNode = Describe };
        JsonNode schema = SettingsJson.Options.GetJsonSchemaAsNode(typeof(FineTuneSettings), exporting);
        schema.AsObject().Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.AsObject().Insert(1, "title", "Settings of samples/FineTune");
        return schema.ToJsonString(SettingsJson.Options);
    }

    private static JsonNode Describe(JsonSchemaExporterContext context, JsonNode schema)
    {
        if (schema is not JsonObject node) return schema;
        // A file has only what differs from the defaults.
        if (node["required"] is JsonArray required && !required.Any(name => (string?)name == Discriminator)) node.Remove("required");
        if (context.PropertyInfo?.AttributeProvider is not { } property) return node;
        if (Find<RangeAttribute>(property) is { } range)
        {
            node[range.MinimumIsExclusive ? "exclusiveMinimum" : "minimum"] = Number(range.Minimum);
            if (range.Maximum is not (double.MaxValue or long.MaxValue or int.MaxValue))
                node[range.MaximumIsExclusive ? "exclusiveMaximum" : "maximum"] = Number(range.Maximum);
        }

        if (Find<DescriptionAttribute>(property) is { } text) node.Insert(0, "description", text.Description);
        return node;
    }

    private static T? Find<T>(ICustomAttributeProvider property) where T : Attribute =>
        property.GetCustomAttributes(typeof(T), inherit: true).OfType<T>().FirstOrDefault();

    private static JsonNode? Number(object value) => value switch
    {
        int number => JsonValue.Create(number),
        long number => JsonValue.Create(number),
        _ => JsonValue.Create(Convert.ToDouble(value, System.Globalization.CultureInfo.InvariantCulture)),
    };
}
