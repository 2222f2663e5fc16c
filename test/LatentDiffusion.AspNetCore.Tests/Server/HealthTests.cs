using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>Health as load balancers ask for it.</summary>
public class HealthTests
{
    [Fact]
    public async Task A_server_without_workers_lives_and_is_not_ready()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        Assert.Equal("Healthy", await server.Client.GetStringAsync("health/ready"));
        server.Queue.Models = [];

        using HttpResponseMessage live = await server.Client.GetAsync("health/live"), ready = await server.Client.GetAsync("health/ready");
        Assert.Equal((200, 503), ((int)live.StatusCode, (int)ready.StatusCode));
    }
}
