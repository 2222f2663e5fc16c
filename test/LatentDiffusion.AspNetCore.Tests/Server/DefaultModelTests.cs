using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.Jobs;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>The model of a request that names none, in each API.</summary>
public class DefaultModelTests
{
    private const string Other = "owner/other";

    [Theory]
    [InlineData(null, ScriptedQueue.Model)]
    [InlineData(Other, Other)]
    [InlineData("offered by nobody", ScriptedQueue.Model)]
    public async Task It_is_that_of_the_settings_where_a_worker_offers_it(string? setting, string model)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(o => o.DefaultModel = setting);
        await server.Client.PostAsJsonAsync("v1/images/generations", new { prompt = "a bird" });
        await server.Client.PostAsJsonAsync("sdapi/v1/txt2img", new { prompt = "a bird" });
        Assert.Equal([model, model], [(await Next()).Model, (await Next()).Model]);

        JsonNode models = (await server.Client.GetFromJsonAsync<JsonNode>("v1/models"))!;
        Assert.Equal(model, (string?)models["data"]![0]!["id"]);
        Assert.Equal(2, models["data"]!.AsArray().Count);
        JsonNode options = (await server.Client.GetFromJsonAsync<JsonNode>("sdapi/v1/options"))!;
        Assert.Equal(model, (string?)options["sd_model_checkpoint"]);

        async Task<ImageJob> Next() => await server.Queue.Added.ReadAsync(TestContext.Current.CancellationToken);
    }
}
