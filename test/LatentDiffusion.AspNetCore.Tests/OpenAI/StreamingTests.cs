using System.Net.Http.Json;
using System.Text.Json;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>Server-sent events of the drawings model.</summary>
public class StreamingTests(DrawingsServer server)
{
    [Fact]
    public async Task Generations_stream_partial_images_and_the_completed_one()
    {
        using HttpClient client = server.CreateClient();
        using HttpResponseMessage response = await client.PostAsJsonAsync(
            "v1/images/generations", new { prompt = "a fox", size = "64x64", steps = 12, stream = true, partial_images = 2, seed = 3 });

        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        IReadOnlyList<(string Name, JsonElement Data)> events = await response.ReadEventsAsync();
        Assert.Equal("image_generation.completed", events[^1].Name);
        Assert.InRange(events.Count, 2, 3);
        Assert.All(events.SkipLast(1), e => Assert.Equal("image_generation.partial_image", e.Name));
        Assert.Equal(
            Enumerable.Range(0, events.Count - 1), events.SkipLast(1).Select(e => e.Data.GetProperty("partial_image_index").GetInt32()));
        Assert.All(events, e => CheckFields(e.Name, e.Data));
        JsonElement completed = events[^1].Data;
        Assert.Equal("64x64", completed.GetProperty("size").GetString());
        Assert.Equal(3UL, completed.GetProperty("seed").GetUInt64());
        Assert.Equal(0, completed.GetProperty("usage").GetProperty("total_tokens").GetInt32());
        Assert.Equal(0, completed.GetProperty("usage").GetProperty("input_tokens_details").GetProperty("text_tokens").GetInt32());
    }

    [Fact]
    public async Task Edits_stream_under_their_names()
    {
        using HttpClient client = server.CreateClient();
        using var form = new MultipartFormDataContent
        {
            { new StringContent("a fox"), "prompt" }, { new StringContent("true"), "stream" }, { new StringContent("1"), "partial_images" },
            { new StringContent("12"), "steps" }, { new StringContent("webp"), "output_format" },
            { new ByteArrayContent(TestImages.Png(64, 64)), "image[]", "source.png" },
        };
        using HttpResponseMessage response = await client.PostAsync("v1/images/edits", form);

        IReadOnlyList<(string Name, JsonElement Data)> events = await response.ReadEventsAsync();
        Assert.Equal("image_edit.completed", events[^1].Name);
        Assert.All(events.SkipLast(1), e => Assert.Equal("image_edit.partial_image", e.Name));
        Assert.Equal("webp", events[^1].Data.GetProperty("output_format").GetString());
        Assert.All(events, e => CheckFields(e.Name, e.Data));
    }

    [Fact]
    public async Task Errors_before_the_first_event_have_their_status()
    {
        using HttpClient client = server.CreateClient();
        using HttpResponseMessage response = await client.PostAsJsonAsync(
            "v1/images/generations", new { prompt = "a fox", size = "65x64", stream = true });

        Assert.Equal(400, (int)response.StatusCode);
        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
    }

    private static void CheckFields(string name, JsonElement data)
    {
        Assert.Equal(name, data.GetProperty("type").GetString());
        ImageBuffer image = TestImages.Decode(data.GetProperty("b64_json").GetBytesFromBase64());
        Assert.Equal($"{image.Width}x{image.Height}", data.GetProperty("size").GetString());
        Assert.True(data.GetProperty("created_at").GetInt64() > 1_700_000_000);
        Assert.Equal("opaque", data.GetProperty("background").GetString());
        Assert.Equal("auto", data.GetProperty("quality").GetString());
    }
}
