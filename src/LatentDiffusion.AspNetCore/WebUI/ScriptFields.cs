using System.Text.Json;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>Scripts and extensions, of which this server has none. They are refused with the web UI's own words.</summary>
internal static class ScriptFields
{
    /// <exception cref="ApiError">The request names one.</exception>
    public static void Check(FieldReader fields)
    {
        if (fields.Text("script_name") is { Length: > 0 } script)
            throw ApiError.Unprocessable($"Script '{MessageText.Truncate(script, 100)}' not found");
        const string Name = "alwayson_scripts";
        JsonElement? scripts = fields.Any(Name);
        if (scripts is null) return;
        if (new FieldReader(scripts.Value, Name).Names.FirstOrDefault() is { } extension)
            throw ApiError.Unprocessable($"always on script {MessageText.Truncate(extension, 100)} not found");
    }
}
