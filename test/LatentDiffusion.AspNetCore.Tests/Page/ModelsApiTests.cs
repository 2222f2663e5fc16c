using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.Page;

/// <summary>The endpoints of <c>/api/models</c>.</summary>
public class ModelsApiTests
{
    [Fact]
    public async Task Models_are_listed_with_the_ranges_of_settings()
    {
        await using ApiServer server = await ApiServer.StartAsync();
        using HttpClient client = server.CreateClient();
        JsonElement list = await client.GetFromJsonAsync<JsonElement>("/api/models");
        Assert.Equal(RunningServer.Caller, list.GetProperty("caller").GetString());
        Assert.Equal(["first", "second"], list.GetProperty("models").EnumerateArray().Select(m => m.GetString()));
        Assert.Contains("dpm++-karras", list.GetProperty("schedulers").EnumerateArray().Select(m => m.GetString()));
        Dictionary<string, JsonElement> settings =
            list.GetProperty("settings").EnumerateArray().ToDictionary(s => s.GetProperty("key").GetString()!);
        Assert.Equal(
            (1, 1000, 20),
            (Number("steps", "minimum"), Number("steps", "maximum"), Number("steps", "default")));
        Assert.Equal(0, Number("strength", "exclusive_minimum"));
        Assert.False(settings["strength"].TryGetProperty("minimum", out _));
        Assert.Equal("text", settings["negative_prompt"].GetProperty("type").GetString());
        Assert.DoesNotContain("prompt_embeds", settings.Keys);

        int Number(string key, string name) => settings[key].GetProperty(name).GetInt32();
    }

    [Fact]
    public async Task Models_of_other_machines_have_only_a_name()
    {
        await using ApiServer server = await ApiServer.StartAsync();
        using HttpClient client = server.CreateClient();
        JsonElement model = await client.GetFromJsonAsync<JsonElement>("/api/models/second");
        Assert.Equal("name", Assert.Single(model.EnumerateObject()).Name);
        server.Queue.Models = ["owner/other"];
        foreach (string path in (string[])["owner/other", "owner%2Fother", "owner%2fother"])
        {
            JsonElement found = await client.GetFromJsonAsync<JsonElement>($"/api/models/{path}");
            Assert.Equal("owner/other", found.GetProperty("name").GetString());
        }

        HttpResponseMessage unknown = await client.GetAsync("/api/models/third");
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        await JobsApiTests.ProblemOfAsync(unknown);
    }
}
