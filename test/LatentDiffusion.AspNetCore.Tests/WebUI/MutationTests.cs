using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

public sealed class MutationTests
{
    private static readonly string s_image = Convert.ToBase64String(new SkiaImageCodec().EncodePng(new ImageBuffer(8, 8, new byte[192])));

    private static readonly (string Path, string Body)[] s_bodies =
    [
        ("txt2img", """
            { "prompt": "a bird", "negative_prompt": "hat", "seed": 7, "subseed": 8, "subseed_strength": 0.1, "steps": 2, "cfg_scale": 1.5,
              "sampler_name": "DPM++ 2M", "scheduler": "Karras", "width": 128, "height": 128, "batch_size": 2, "n_iter": 2,
              "enable_hr": true,
              "hr_scale": 1.5, "hr_upscaler": "Latent", "denoising_strength": 0.5, "s_churn": 1, "styles": [],
              "override_settings": { "samples_format": "png" }, "alwayson_scripts": {}, "save_images": true }
            """),
        ("img2img", $$"""
            { "prompt": "a bird", "init_images": ["{{s_image}}"], "mask": "{{s_image}}", "mask_blur": 4, "inpainting_fill": 1,
              "inpaint_full_res": true, "inpaint_full_res_padding": 8, "resize_mode": 1, "denoising_strength": 0.5, "width": 64,
              "height": 64, "steps": 2 }
            """),
        ("options", """{ "sd_model_checkpoint": "scripted", "CLIP_stop_at_last_layers": 1, "jpeg_quality": 80, "sd_vae": "Automatic" }"""),
        ("png-info", $$"""{ "image": "{{s_image}}" }"""),
        ("extra-single-image", $$"""{ "image": "{{s_image}}", "upscaler_1": "Lanczos", "upscaling_resize": 2, "resize_mode": 0 }"""),
    ];

    /// <summary>Those that the page of the API documents.</summary>
    private static readonly HttpStatusCode[] s_documented =
        [HttpStatusCode.OK, HttpStatusCode.NotFound, HttpStatusCode.UnprocessableEntity];

    [Fact]
    public Task Changed_bodies_get_documented_answers() => RunAsync(seed: 1, count: 400);

    [Fact]
    [Trait(TestCategories.Name, TestCategories.Long)]
    public Task Thousands_of_changed_bodies_get_documented_answers() => RunAsync(seed: 2, count: 2000);

    private static async Task RunAsync(int seed, int count)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(map: app => app.MapWebUIApi());
        WebUIClient client = new(server.Client);
        var mutations = new BodyMutations(seed);
        var statuses = new Dictionary<HttpStatusCode, int>();
        for (int i = 0; i < count; i++)
        {
            (string path, string original) = s_bodies[i % s_bodies.Length];
            string body = mutations.Mutate(original);
            using HttpResponseMessage response = await client.SendAsync(path, body);
            string answer = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            Assert.True(s_documented.Contains(response.StatusCode), $"{i}: {path} answers {response.StatusCode} to {body}: {answer}");
            if (!response.IsSuccessStatusCode) Assert.NotNull(JsonNode.Parse(answer)!["detail"]);
            statuses[response.StatusCode] = statuses.GetValueOrDefault(response.StatusCode) + 1;
        }

        Assert.True(statuses[HttpStatusCode.OK] > 10 && statuses[HttpStatusCode.UnprocessableEntity] > 10, "Mutations are too similar.");
        foreach ((string path, string body) in s_bodies) await client.PostAsync(path, JsonNode.Parse(body));
    }
}
