using System.Net;
using System.Text.Json.Nodes;
using LatentDiffusion.AspNetCore.WebUI;
using LatentDiffusion.Jobs;
using Microsoft.Extensions.Options;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

public sealed class OptionsTests(WebUIServer server)
{
    private static readonly TimeSpan s_retention = TimeSpan.FromDays(1);

    private readonly WebUIClient _client = server.ClientOf(nameof(OptionsTests));

    [Fact]
    public async Task Options_are_kept_for_their_caller()
    {
        JsonNode before = await _client.GetAsync("options");
        Assert.Equal(WebUIServer.Model, before["sd_model_checkpoint"]!.GetValue<string>());
        await _client.PostAsync("options", new JsonObject { ["jpeg_quality"] = 51, ["samples_format"] = "webp" });
        JsonNode after = await _client.GetAsync("options");
        Assert.Equal((51, "webp"), (after["jpeg_quality"]!.GetValue<int>(), after["samples_format"]!.GetValue<string>()));
        using WebUIClient other = server.ClientOf("other");
        Assert.Equal("png", (await other.GetAsync("options"))["samples_format"]!.GetValue<string>());
        Answer answer = await Answer.TextToImageAsync(_client, WebUIClient.Small());
        Assert.Equal("RIFF"u8, answer.File().AsSpan(0, 4));

        // All of them, as clients send them back.
        await _client.PostAsync("options", before);
        Assert.Equal("png", (await _client.GetAsync("options"))["samples_format"]!.GetValue<string>());
    }

    [Fact]
    public async Task Overrides_that_are_not_restored_are_kept()
    {
        JsonObject body = WebUIClient.Small();
        (body["override_settings"], body["override_settings_restore_afterwards"]) =
            (new JsonObject { ["live_previews_enable"] = false }, false);
        await _client.PostAsync("txt2img", body);
        Assert.False((await _client.GetAsync("options"))["live_previews_enable"]!.GetValue<bool>());
        await _client.PostAsync("options", new JsonObject { ["live_previews_enable"] = true });
    }

    [Theory]
    [InlineData("sd_vae", "\"other.pt\"")]
    [InlineData("eta_noise_seed_delta", "31337")]
    [InlineData("samples_format", "\"gif\"")]
    [InlineData("CLIP_stop_at_last_layers", "0")]
    [InlineData("hide_samplers", "[]")]
    public async Task Options_that_cannot_be_honoured_are_refused_and_nothing_changes(string option, string value)
    {
        JsonObject body = new() { ["jpeg_quality"] = 3, [option] = JsonNode.Parse(value) };
        await Refusals.AssertFieldAsync(_client, "options", body, option);
        Assert.NotEqual(3, (await _client.GetAsync("options"))["jpeg_quality"]!.GetValue<int>());
    }

    [Fact]
    public async Task Models_have_the_names_that_clients_write()
    {
        foreach (string name in new[] { "drawings", "drawings.safetensors", "drawings [0123456789]", "drawings.safetensors [0123456789]" })
        {
            await _client.PostAsync("options", new JsonObject { ["sd_model_checkpoint"] = name });
            Assert.Equal(WebUIServer.Model, (await _client.GetAsync("options"))["sd_model_checkpoint"]!.GetValue<string>());
        }

        JsonObject unknown = new() { ["sd_model_checkpoint"] = "other" };
        await Refusals.AssertTextAsync(_client, "options", unknown, HttpStatusCode.NotFound, "Model not found: 'other'");
    }

    [Fact]
    public async Task A_server_that_starts_again_and_a_store_that_deletes_files_keep_them()
    {
        var store = new MemoryStore();
        CancellationToken stop = TestContext.Current.CancellationToken;
        OptionsStore options = Create(store);
        await options.WriteAsync("Jürgen/β", new ApiOptions { Quality = 33, Model = "a" }, stop);
        Assert.Equal(33, (await Create(store).ReadAsync("Jürgen/β", stop)).Quality);
        Assert.Equal(new ApiOptions(), await options.ReadAsync("another", stop));
        await store.DeleteAsync("webui-options", stop);
        Assert.Equal(new ApiOptions(), await Create(store).ReadAsync("Jürgen/β", stop));
        Assert.Equal("a", (await options.ReadAsync("Jürgen/β", stop)).Model);
        Assert.Equal("a", (await Create(store).ReadAsync("Jürgen/β", stop)).Model);
    }

    [Fact]
    public async Task A_queue_that_sweeps_its_store_keeps_options_in_use()
    {
        var time = new Clock();
        var store = new MemoryStore(time);
        CancellationToken stop = TestContext.Current.CancellationToken;
        await Create(store, time).WriteAsync("a", new ApiOptions { Model = "chosen" }, stop);
        for (int day = 0; day < 3; day++)
        {
            time.Now += s_retention;
            Assert.Equal("chosen", (await Create(store, time).ReadAsync("a", stop)).Model);
            time.Now += TimeSpan.FromHours(2);
            await store.DeleteOlderAsync(time.Now - s_retention - TimeSpan.FromHours(1), stop);
        }

        Assert.Equal("chosen", (await Create(store, time).ReadAsync("a", stop)).Model);
    }

    private static OptionsStore Create(MemoryStore store, TimeProvider? time = null) => new(
        store, Options.Create(new JobQueueOptions { Retention = s_retention }), time ?? TimeProvider.System);

    private sealed class Clock : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = DateTimeOffset.UnixEpoch;

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
