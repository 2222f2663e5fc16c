using System.Text.Json.Nodes;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

/// <summary>Requests as SillyTavern's server sends them with the source auto.</summary>
public sealed class SillyTavernTests(WebUIServer server)
{
    /// <summary>Its settings of an image, with its own address and login, which its server passes on.</summary>
    private const string Body =
        """
        {
          "url": "http://127.0.0.1:7860", "auth": "user:password",
          "prompt": "best quality, a blue bird", "negative_prompt": "lowres, hat",
          "sampler_name": "DDIM", "scheduler": "Automatic", "steps": 2, "cfg_scale": 1.5, "width": 128, "height": 128,
          "restore_faces": false, "enable_hr": false, "hr_upscaler": "Latent", "hr_scale": 2, "hr_additional_modules": [],
          "denoising_strength": 0.7, "hr_second_pass_steps": 0, "seed": 21,
          "override_settings": { "CLIP_stop_at_last_layers": 1 }, "override_settings_restore_afterwards": true, "clip_skip": 1,
          "save_images": true, "send_images": true, "do_not_save_grid": false, "do_not_save_samples": false
        }
        """;

    private readonly WebUIClient _client = server.ClientOf(nameof(SillyTavernTests));

    [Fact]
    public async Task Menus_are_filled()
    {
        Assert.NotNull((await _client.GetAsync("options"))["sd_model_checkpoint"]);
        Assert.DoesNotContain("forge_preset", (await _client.GetAsync("options")).ToJsonString(), StringComparison.Ordinal);
        Assert.Equal([WebUIServer.Model], await NamesAsync("sd-models", "title"));
        Assert.Contains("DPM++ 2M", await NamesAsync("samplers"));
        Assert.Contains("sgm_uniform", await NamesAsync("schedulers"));
        // It puts the latent ones behind the first, which is none.
        IReadOnlyList<string> upscalers = await NamesAsync("upscalers");
        Assert.Equal("None", upscalers[0]);
        Assert.Contains("Lanczos", upscalers);
        Assert.Equal(["Latent"], await NamesAsync("latent-upscale-modes"));
        Assert.Empty((await _client.GetAsync("sd-vae")).AsArray());
        foreach (string scheduler in await NamesAsync("schedulers"))
            Assert.True(SamplerNames.TryGet("DDIM", scheduler, out _) || SamplerNames.TryGet("DPM++ 2M", scheduler, out _), scheduler);
    }

    [Fact]
    public async Task A_model_is_selected_and_its_loading_is_over()
    {
        await _client.PostAsync("options", new JsonObject { ["sd_model_checkpoint"] = WebUIServer.Model });
        JsonNode progress = await _client.GetAsync("progress");
        Assert.Equal((0.0, 0), (progress["progress"]!.GetValue<double>(), progress["state"]!["job_count"]!.GetValue<int>()));
    }

    [Fact]
    public async Task An_image_is_generated_and_the_login_is_not_repeated()
    {
        JsonNode answer = (await _client.PostAsync("txt2img", JsonNode.Parse(Body)))!;
        Assert.NotEmpty(answer["images"]![0]!.GetValue<string>());
        Assert.DoesNotContain("password", answer.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("7860", answer.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_hires_fix_generates_a_larger_image()
    {
        JsonNode body = JsonNode.Parse(Body)!;
        (body["enable_hr"], body["hr_scale"], body["hr_second_pass_steps"]) = (true, 1.25, 3);
        Assert.Equal(160, (await Answer.TextToImageAsync(_client, body)).Image().Width);
    }

    private async Task<IReadOnlyList<string>> NamesAsync(string list, string member = "name") =>
        [.. (await _client.GetAsync(list)).AsArray().Select(item => item![member]!.GetValue<string>())];
}
