using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

/// <summary>Sends requests as JSON.</summary>
public sealed class WebUIClient(HttpClient http) : IDisposable
{
    public HttpClient Http => http;

    /// <summary>A small request of few steps.</summary>
    public static JsonObject Small(string prompt = "a blue bird") => new()
    {
        ["prompt"] = prompt, ["steps"] = 2, ["seed"] = 7, ["width"] = 128, ["height"] = 128, ["cfg_scale"] = 1,
    };

    public async Task<JsonNode> GetAsync(string path)
    {
        using HttpResponseMessage response = await http.GetAsync($"/sdapi/v1/{path}", TestContext.Current.CancellationToken);
        return await ReadAsync(response);
    }

    public async Task<JsonNode?> PostAsync(string path, JsonNode? body = null)
    {
        using HttpResponseMessage response = await SendAsync(path, body?.ToJsonString() ?? "");
        return await ReadAsync(response);
    }

    public async Task<(HttpStatusCode Status, JsonNode Body)> RefusedAsync(string path, string body)
    {
        using HttpResponseMessage response = await SendAsync(path, body);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (response.StatusCode, JsonNode.Parse(text)!);
    }

    public Task<HttpResponseMessage> SendAsync(string path, string body, CancellationToken? cancellationToken = null) => http.PostAsync(
        $"/sdapi/v1/{path}", new StringContent(body, Encoding.UTF8, "application/json"),
        cancellationToken ?? TestContext.Current.CancellationToken);

    public void Dispose() => http.Dispose();

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, $"{response.StatusCode}: {text}");
        return JsonNode.Parse(text)!;
    }
}
