using System.Net.Http.Json;
using LatentDiffusion.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>Options that the server refuses to start with.</summary>
public class OptionsTests
{
    public static TheoryData<string, string> WrongOptions => new()
    {
        { "ApiKeys:carol=short", "ApiKeys:carol has 5 characters" },
        { "ApiKeys:carol=with spaces in the key", "visible ASCII" },
        { $"ApiKeys:carol={RunningServer.Key}", "one key for alice, carol" },
        { "Administrators:0=carol", "Administrators has 'carol'; expected the name of a key in ApiKeys" },
        { "RequestsPerMinute=0", "RequestsPerMinute" },
        { "MaximumRequestBytes=10", "MaximumRequestBytes" },
        { "MaximumImages=0", "MaximumImages" },
        { "MaximumInputPixels=1", "MaximumInputPixels" },
        { "MaximumOutputPixels=1", "MaximumOutputPixels" },
        { "MaximumPromptLength=0", "MaximumPromptLength" },
        { "DefaultModel=", "DefaultModel" },
    };

    [Theory]
    [MemberData(nameof(WrongOptions))]
    public async Task Wrong_options_stop_the_start(string setting, string message)
    {
        string[] parts = setting.Split('=', 2);
        IConfiguration section = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { [parts[0]] = parts[1] }).Build();
        var error = await Assert.ThrowsAsync<OptionsValidationException>(
            () => ScriptedServer.StartAsync(configure: builder => builder.Services.AddLatentDiffusionServer(section)));

        Assert.Contains(message, error.Message);
        Assert.DoesNotContain(RunningServer.Key, error.Message);
    }

    [Fact]
    public async Task A_server_without_keys_does_not_start()
    {
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => ScriptedServer.StartAsync(o => o.ApiKeys.Clear()));
        Assert.Contains("ApiKeys is empty", error.Message);

        await using ScriptedServer open = await ScriptedServer.StartAsync(o =>
        {
            o.ApiKeys.Clear();
            o.AllowAnonymous = true;
        });
        Assert.Equal(200, (int)(await open.Client.GetAsync("health/live")).StatusCode);
    }

    [Fact]
    public async Task A_wrong_change_leaves_the_options_as_they_were()
    {
        const string Carol = "key-of-carol-0123456789", New = "new-key-of-carol-0123456789";
        IConfigurationRoot settings = new ConfigurationBuilder()
            .AddInMemoryCollection(new Dictionary<string, string?> { ["ApiKeys:carol"] = Carol, ["MaximumImages"] = "2" }).Build();
        var log = new RecordedLog();
        await using ScriptedServer server = await ScriptedServer.StartAsync(configure: builder =>
        {
            builder.Services.AddLatentDiffusionServer(settings);
            builder.Logging.AddProvider(log);
        });
        using HttpClient before = server.Server.CreateClient(Carol), after = server.Server.CreateClient(New);
        Change("0", New);
        Assert.Equal((200, 401), (await StatusAsync(before, images: 2), await StatusAsync(after, images: 2)));
        Assert.Equal(400, await StatusAsync(before, images: 3));
        Assert.Contains(log.Lines, line => line.Contains("those before them stay in use") && line.Contains("MaximumImages"));
        Assert.DoesNotContain(log.Lines, line => line.Contains(New));

        Change("3", New);
        Assert.Equal((401, 200), (await StatusAsync(before, images: 3), await StatusAsync(after, images: 3)));

        void Change(string images, string key)
        {
            (settings["MaximumImages"], settings["ApiKeys:carol"]) = (images, key);
            // Options that are validated at the start have a monitor, which throws.
            Record.Exception(settings.Reload);
        }

        static async Task<int> StatusAsync(HttpClient client, int images)
        {
            using HttpResponseMessage response =
                await client.PostAsJsonAsync("v1/images/generations", new { prompt = "a", n = images });
            return (int)response.StatusCode;
        }
    }

    [Fact]
    public void Mapping_without_services_says_what_to_call()
    {
        using WebApplication nothing = WebApplication.CreateSlimBuilder().Build();
        Assert.Contains("AddLatentDiffusionServer", Assert.Throws<InvalidOperationException>(() => nothing.MapOpenAIImages()).Message);

        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Services.AddLatentDiffusionServer(o => o.AllowAnonymous = true);
        using WebApplication noQueue = builder.Build();
        Assert.Contains(nameof(IImageJobQueue), Assert.Throws<InvalidOperationException>(() => noQueue.MapLatentDiffusion()).Message);
    }
}
