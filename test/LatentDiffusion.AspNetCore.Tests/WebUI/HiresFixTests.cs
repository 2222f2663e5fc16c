using System.Text.Json.Nodes;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

public sealed class HiresFixTests(WebUIServer server)
{
    private readonly WebUIClient _client = server.ClientOf(nameof(HiresFixTests));

    [Theory]
    [InlineData("""{ "hr_scale": 1.25, "hr_upscaler": "Latent" }""", 160, 160)]
    [InlineData("""{ "hr_resize_x": 160, "hr_upscaler": "Lanczos", "hr_second_pass_steps": 4 }""", 160, 160)]
    [InlineData("""{ "hr_resize_x": 144, "hr_resize_y": 144, "hr_upscaler": "None" }""", 144, 144)]
    public async Task A_second_pass_gives_a_larger_image(string hires, int width, int height)
    {
        JsonObject body = Body(hires);
        Answer answer = await Answer.TextToImageAsync(_client, body);
        Assert.Equal((width, height), (answer.Image().Width, answer.Image().Height));
        Assert.Contains("Hires", answer.Texts[0], StringComparison.Ordinal);
        LatentUpscaling upscale = ImageSettings.FromParameters(answer.Texts[0]).Request.Upscale!;
        Assert.Equal((width, height, 0.5), (upscale.Width, upscale.Height, upscale.Strength));
        Assert.Equal(body["hr_second_pass_steps"]?.GetValue<int>(), upscale.Steps);
    }

    [Theory]
    [InlineData("""{ "hr_upscaler": "Latent (bicubic)" }""", "hr_upscaler")]
    [InlineData("""{ "hr_upscaler": "4x-Nothing" }""", "hr_upscaler")]
    [InlineData("""{ "hr_prompt": "a red bird" }""", "hr_prompt")]
    [InlineData("""{ "hr_resize_x": 256, "hr_resize_y": 128 }""", "hr_resize_x")]
    [InlineData("""{ "denoising_strength": 0 }""", "denoising_strength")]
    [InlineData("""{ "hr_scale": 17 }""", "hr_scale")]
    [InlineData("""{ "width": null }""", "width")]
    [InlineData("""{ "width": 1024, "height": 1024, "hr_scale": 8 }""", "hr_scale")]
    public async Task What_the_second_pass_cannot_do_is_refused_by_name(string hires, string field) =>
        await Refusals.AssertFieldAsync(_client, "txt2img", Body(hires), field);

    [Fact]
    public async Task Without_it_its_fields_have_no_effect()
    {
        JsonObject body = Body("""{ "enable_hr": false, "hr_upscaler": "Latent (bicubic)", "hr_scale": 2, "denoising_strength": 0.3 }""");
        Answer answer = await Answer.TextToImageAsync(_client, body);
        Assert.Equal(128, answer.Image().Width);
        Assert.DoesNotContain("Hires", answer.Texts[0], StringComparison.Ordinal);
    }

    private static JsonObject Body(string hires)
    {
        JsonObject body = WebUIClient.Small();
        (body["enable_hr"], body["denoising_strength"]) = (true, 0.5);
        foreach ((string name, JsonNode? value) in JsonNode.Parse(hires)!.AsObject()) body[name] = value?.DeepClone();
        return body;
    }
}
