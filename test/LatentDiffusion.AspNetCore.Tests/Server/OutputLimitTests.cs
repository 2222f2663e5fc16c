using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using LatentDiffusion.AspNetCore.Tests.Page;
using LatentDiffusion.AspNetCore.Tests.WebUI;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>The limit of the sizes that requests ask for, in the three APIs.</summary>
public class OutputLimitTests
{
    private const int Maximum = 64 * 64;

    private static readonly string s_image = Convert.ToBase64String(new SkiaImageCodec().EncodePng(new ImageBuffer(8, 8, new byte[192])));

    [Theory]
    [InlineData("""{ "width": 65, "height": 64 }""", "width", "65 x 64")]
    [InlineData("""{ "height": 65 }""", "width", "65 x 65")]
    [InlineData("""{ "width": 64, "height": 64, "upscale": { "width": 128, "height": 64 } }""", "upscale", "128 x 64")]
    [InlineData("""{ "width": 64, "height": 64, "final_upscale": { "scale": 1.5 } }""", "final_upscale", "96 x 96")]
    [InlineData("""{ "width": 64, "height": 32, "final_upscale": { "width": 96 } }""", "final_upscale", "96 x 48")]
    [InlineData("""{ "width": 64, "height": 32, "final_upscale": { "height": 48 } }""", "final_upscale", "96 x 48")]
    [InlineData("""{ "width": 64, "height": 32, "final_upscale": { "width": 8, "height": 1000 } }""", "final_upscale", "8 x 1000")]
    [InlineData("""{ "width": 32, "height": 32, "final_upscale": {} }""", "final_upscale", "128 x 128")]
    [InlineData("""{ "final_upscale": { "scale": 1 } }""", "final_upscale", "1024 x 1024")]
    public async Task Sizes_above_it_are_refused_by_their_field(string fields, string field, string size)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(o => o.MaximumOutputPixels = Maximum);
        JsonObject body = JsonNode.Parse(fields)!.AsObject();
        body["prompt"] = "a";
        using HttpResponseMessage page = await server.Client.PostAsJsonAsync("api/jobs", body);
        JsonElement problem = await JobsApiTests.ProblemOfAsync(page);
        Assert.Equal((400, field), ((int)page.StatusCode, problem.GetProperty("parameter").GetString()));
        Assert.Contains($"{size} pixels; expected at most {Maximum}", problem.GetProperty("detail").GetString());

        using HttpResponseMessage images = await server.GenerateAsync(body.ToJsonString());
        JsonElement error = await images.ReadErrorAsync(400);
        Assert.Equal(field == "width" ? "size" : field, error.GetProperty("param").GetString());
        Assert.Contains($"{size} pixels; expected at most {Maximum}", error.GetProperty("message").GetString());
        Assert.False(server.Queue.Added.TryRead(out _));
    }

    [Theory]
    [InlineData("""{}""")]
    [InlineData("""{ "width": 64 }""")]
    [InlineData("""{ "width": 64, "height": 64, "final_upscale": { "scale": 1 } }""")]
    [InlineData("""{ "width": 32, "height": 32, "final_upscale": { "upscaler": "lanczos" } }""")]
    [InlineData("""{ "width": 32, "height": 32, "upscale": { "width": 64, "height": 64 } }""")]
    public async Task Sizes_up_to_it_are_accepted(string fields)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(o => o.MaximumOutputPixels = Maximum);
        JsonObject body = JsonNode.Parse(fields)!.AsObject();
        body["prompt"] = "a";
        using HttpResponseMessage response = await server.GenerateAsync(body.ToJsonString());
        Assert.Equal(200, (int)response.StatusCode);
    }

    [Fact]
    public async Task It_holds_by_default()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using HttpResponseMessage response = await server.GenerateAsync("""{ "prompt": "a", "size": "16384x16384" }""");
        Assert.Equal("size", (await response.ReadErrorAsync(400)).GetProperty("param").GetString());
    }

    [Theory]
    [InlineData("txt2img", """{ "width": 65, "height": 64 }""", "width")]
    [InlineData("txt2img", """{ "width": 65 }""", "width")]
    [InlineData("txt2img", """{ "width": 64, "height": 64, "enable_hr": true, "hr_scale": 1.5 }""", "hr_scale")]
    [InlineData("img2img", """{ "width": 128, "height": 64, "init_images": ["IMAGE"] }""", "width")]
    [InlineData("img2img", """{ "height": 1024, "init_images": ["IMAGE"] }""", "width")]
    [InlineData("extra-single-image", """{ "image": "IMAGE", "upscaling_resize": 16 }""", "image")]
    public async Task The_web_UI_API_names_its_own_fields(string path, string fields, string field)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(o => o.MaximumOutputPixels = Maximum);
        var client = new WebUIClient(server.Client);
        JsonNode body = JsonNode.Parse(fields.Replace("IMAGE", s_image))!;
        await Refusals.AssertFieldAsync(client, path, body, field);
        Assert.False(server.Queue.Added.TryRead(out _));
    }
}
