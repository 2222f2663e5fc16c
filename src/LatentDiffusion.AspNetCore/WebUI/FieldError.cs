using System.Text.Json.Nodes;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>A field of a body that is wrong.</summary>
/// <param name="Location">The field, and within it the place: <c>override_settings</c>, <c>sd_vae</c>. Empty for the whole body.</param>
/// <param name="Message">What is wrong, and what was expected.</param>
/// <param name="Type">Kind of the error, for programs.</param>
internal sealed record FieldError(IReadOnlyList<string> Location, string Message, string Type = FieldError.Value)
{
    public const string Value = "value_error", Missing = "missing", Unknown = "extra_forbidden", Json = "json_invalid";

    public FieldError(string field, string message, string type = Value) : this([field], message, type)
    {
    }

    public JsonObject ToJson() => new()
    {
        ["type"] = Type, ["loc"] = new JsonArray([JsonValue.Create("body"), .. Location.Select(part => JsonValue.Create(part))]),
        ["msg"] = Message,
    };
}
