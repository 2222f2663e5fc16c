using System.Text.Json.Nodes;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

public sealed class FileTests(WebUIServer server)
{
    private static readonly SkiaImageCodec s_codec = new();

    private readonly WebUIClient _client = server.ClientOf(nameof(FileTests));

    [Fact]
    public async Task Files_without_settings_have_none()
    {
        var texts = new Dictionary<string, string> { ["Title"] = "A bird" };
        string image = Convert.ToBase64String(s_codec.EncodePng(new ImageBuffer(2, 1, new byte[6]), texts));
        JsonNode info = (await _client.PostAsync("png-info", new JsonObject { ["image"] = $"data:image/png;base64,{image}" }))!;
        Assert.Equal("", info["info"]!.GetValue<string>());
        Assert.Equal("A bird", info["items"]!["Title"]!.GetValue<string>());
        Assert.Empty(info["parameters"]!.AsObject());
        await Refusals.AssertFieldAsync(_client, "png-info", new JsonObject { ["image"] = "AAAA" }, "image");
        await Refusals.AssertFieldAsync(_client, "png-info", new JsonObject(), "image");
    }

    [Theory]
    [InlineData("""{ "upscaler_1": "Lanczos", "upscaling_resize": 3 }""", 24, 12)]
    [InlineData("""{ "upscaler_1": "Nearest" }""", 16, 8)]
    [InlineData("""{ "resize_mode": 1, "upscaling_resize_w": 20, "upscaling_resize_h": 20 }""", 20, 20)]
    [InlineData("""{ "resize_mode": 1, "upscaling_resize_w": 20, "upscaling_resize_h": 20, "upscaling_crop": false }""", 40, 20)]
    public async Task Images_are_enlarged(string settings, int width, int height)
    {
        JsonNode answer = (await _client.PostAsync("extra-single-image", Body(settings)))!;
        ImageBuffer enlarged = s_codec.Decode(Convert.FromBase64String(answer["image"]!.GetValue<string>()));
        Assert.Equal((width, height), (enlarged.Width, enlarged.Height));
    }

    [Theory]
    [InlineData("""{ "upscaler_1": "4x-Nothing" }""", "upscaler_1")]
    [InlineData("""{ "upscaler_2": "Nearest", "extras_upscaler_2_visibility": 0.5 }""", "upscaler_2")]
    [InlineData("""{ "gfpgan_visibility": 1 }""", "gfpgan_visibility")]
    [InlineData("""{ "upscaling_resize": 17 }""", "upscaling_resize")]
    [InlineData("""{ "resize_mode": 1, "upscaling_resize_w": 60000, "upscaling_resize_h": 60000 }""", "image")]
    [InlineData("""{ "image": "AAAA" }""", "image")]
    public async Task Enlargements_that_are_not_possible_are_refused_by_name(string settings, string field) =>
        await Refusals.AssertFieldAsync(_client, "extra-single-image", Body(settings), field);

    private static JsonObject Body(string settings)
    {
        var rgb = new byte[8 * 4 * 3];
        for (int i = 0; i < rgb.Length; i++) rgb[i] = (byte)(i * 5);
        JsonObject body = new() { ["image"] = Convert.ToBase64String(s_codec.EncodePng(new ImageBuffer(8, 4, rgb))) };
        foreach ((string name, JsonNode? value) in JsonNode.Parse(settings)!.AsObject()) body[name] = value?.DeepClone();
        return body;
    }
}
