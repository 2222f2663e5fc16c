using System.Net;
using System.Text.Json.Nodes;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

internal static class Refusals
{
    /// <summary>Asserts that a body is refused, and that the answer names the field in place and message.</summary>
    public static async Task AssertFieldAsync(WebUIClient client, string path, JsonNode body, params string[] field)
    {
        (HttpStatusCode status, JsonNode answer) = await client.RefusedAsync(path, body.ToJsonString());
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        JsonNode error = Assert.Single(answer["detail"]!.AsArray())!;
        Assert.Equal(["body", .. field], error["loc"]!.AsArray().Select(part => part!.GetValue<string>()));
        Assert.StartsWith(field[^1], error["msg"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.NotEmpty(error["type"]!.GetValue<string>());
    }

    /// <summary>Asserts that a request is refused with a text.</summary>
    public static async Task AssertTextAsync(WebUIClient client, string path, JsonNode body, HttpStatusCode status, string detail)
    {
        (HttpStatusCode actual, JsonNode answer) = await client.RefusedAsync(path, body.ToJsonString());
        Assert.Equal(status, actual);
        Assert.Contains(detail, answer["detail"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("HTTPException", answer["error"]!.GetValue<string>());
    }
}
