using System.Net.Http.Headers;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>Limits of requests.</summary>
public class LimitTests
{
    [Fact]
    public async Task Callers_have_their_own_rate()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(o => o.RequestsPerMinute = 2);
        async Task<HttpResponseMessage> GenerateAsync(HttpClient client) =>
            await client.PostAsync("v1/images/generations", new StringContent("{}", MediaTypeHeaderValue.Parse("application/json")));

        using HttpClient bob = server.Server.CreateClient(RunningServer.OtherKey);
        for (int i = 0; i < 2; i++) Assert.Equal(400, (int)(await GenerateAsync(server.Client)).StatusCode);
        using HttpResponseMessage refused = await GenerateAsync(server.Client);

        Assert.Equal("rate_limit_exceeded", (await refused.ReadErrorAsync(429)).GetProperty("code").GetString());
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Equal(400, (int)(await GenerateAsync(bob)).StatusCode);
        Assert.Equal(200, (int)(await server.Client.GetAsync("v1/models")).StatusCode);
    }

    [Fact]
    public async Task Images_and_prompts_have_limits()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(o => (o.MaximumImages, o.MaximumPromptLength) = (2, 5));
        using HttpResponseMessage images = await server.GenerateAsync("""{"prompt": "a", "n": 3}""");
        using HttpResponseMessage prompt = await server.GenerateAsync("""{"prompt": "abcdef"}""");
        using HttpResponseMessage right = await server.GenerateAsync("""{"prompt": "abcde", "n": 2}""");

        Assert.Contains("from 1 to 2", (await images.ReadErrorAsync(400)).GetProperty("message").GetString());
        Assert.Equal("prompt", (await prompt.ReadErrorAsync(400)).GetProperty("param").GetString());
        Assert.Equal(200, (int)right.StatusCode);
    }
}
