using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>The OpenAPI document.</summary>
public class OpenApiTests
{
    [Fact]
    public async Task Applications_have_documents_of_their_own()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(
            configure: builder => builder.Services.AddOpenApi(),
            map: app =>
            {
                app.MapOpenApi();
                app.MapGet("/hello", () => "hello");
                app.MapLatentDiffusion();
            });
        JsonElement theirs = JsonElement.Parse(await server.Client.GetStringAsync("openapi/v1.json"));
        JsonElement ours = JsonElement.Parse(await server.Client.GetStringAsync("openapi/latent-diffusion.json"));
        Assert.Equal("/hello", Assert.Single(theirs.GetProperty("paths").EnumerateObject()).Name);
        Assert.NotEqual("LatentDiffusion", theirs.GetProperty("info").GetProperty("title").GetString());
        Assert.False(ours.GetProperty("paths").TryGetProperty("/hello", out _));
        Assert.Equal("LatentDiffusion", ours.GetProperty("info").GetProperty("title").GetString());
    }

    [Fact]
    public async Task The_document_describes_endpoints_and_fields()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        JsonElement document = JsonElement.Parse(await server.Client.GetStringAsync("openapi/latent-diffusion.json"));

        JsonElement paths = document.GetProperty("paths");
        string[] expected =
        [
            "/v1/images/edits", "/v1/images/files/{job}/{file}", "/v1/images/generations", "/v1/images/variations", "/v1/models",
            "/v1/models/{model}",
        ];
        Assert.Equal(expected, paths.EnumerateObject().Select(p => p.Name).Where(p => p.StartsWith("/v1")).Order());
        JsonElement fields = Fields("generations", "application/json"), form = Fields("edits", "multipart/form-data");
        Assert.Equal("integer", fields.GetProperty("steps").GetProperty("type").GetString());
        Assert.Equal(1000, fields.GetProperty("steps").GetProperty("maximum").GetInt32());
        Assert.True(fields.TryGetProperty("prompt", out _));
        Assert.True(fields.TryGetProperty("guidance_scale", out _));
        Assert.False(fields.TryGetProperty("image", out _));
        Assert.Equal("binary", form.GetProperty("mask").GetProperty("format").GetString());
        JsonElement responses = paths.GetProperty("/v1/images/generations").GetProperty("post").GetProperty("responses");
        string[] statuses = ["200", "400", "401", "404", "413", "429", "500", "503", "504"];
        Assert.Equal(statuses, responses.EnumerateObject().Select(r => r.Name).Order());

        JsonElement Fields(string endpoint, string type)
        {
            JsonElement schema = paths.GetProperty($"/v1/images/{endpoint}").GetProperty("post").GetProperty("requestBody")
                .GetProperty("content").GetProperty(type).GetProperty("schema");
            if (!schema.TryGetProperty("$ref", out JsonElement reference)) return schema.GetProperty("properties");
            string name = reference.GetString()!.Split('/')[^1];
            return document.GetProperty("components").GetProperty("schemas").GetProperty(name).GetProperty("properties");
        }
    }
}
