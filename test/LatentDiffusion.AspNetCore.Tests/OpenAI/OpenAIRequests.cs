using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>Requests to a scripted server.</summary>
internal static class OpenAIRequests
{
    public static Task<HttpResponseMessage> GenerateAsync(this ScriptedServer server, string json) =>
        server.Client.PostAsync("v1/images/generations", new StringContent(json, Encoding.UTF8, "application/json"));

    public static async Task<IReadOnlyList<(string Name, JsonElement Data)>> StreamAsync(this ScriptedServer server, object body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/images/generations") { Content = JsonContent.Create(body) };
        using HttpResponseMessage response = await server.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(200, (int)response.StatusCode);
        return await response.ReadEventsAsync();
    }

    /// <summary>Checks that a response is an error in OpenAI's format, and returns it.</summary>
    public static async Task<JsonElement> ReadErrorAsync(this HttpResponseMessage response, int status)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True((int)response.StatusCode == status, $"{(int)response.StatusCode} instead of {status}: {text}");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        JsonElement error = JsonElement.Parse(text).GetProperty("error");
        Assert.NotEqual("", error.GetProperty("message").GetString());
        Assert.Equal(["message", "type", "param", "code"], error.EnumerateObject().Select(p => p.Name));
        return error;
    }
}
