using System.Net.Mime;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary>Answers as JSON.</summary>
internal static class JsonAnswer
{
    // Base64 stays as it is: no page shows the JSON as HTML.
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The answer of calls that give nothing.</summary>
    public static IResult Null => TypedResults.Text("null", MediaTypeNames.Application.Json);

    public static IResult Of(JsonNode json, int status = StatusCodes.Status200OK) => TypedResults.Json(json, s_json, statusCode: status);
}
