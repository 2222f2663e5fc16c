using System.Net;
using System.Text.Json.Nodes;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

public sealed class RefusalTests(WebUIServer server)
{
    private readonly WebUIClient _client = server.ClientOf(nameof(RefusalTests));

    [Theory]
    [InlineData("tiling", "true")]
    [InlineData("restore_faces", "true")]
    [InlineData("refiner_checkpoint", "\"refiner\"")]
    [InlineData("s_min_uncond", "1")]
    [InlineData("token_merging_ratio", "0.5")]
    [InlineData("seed_resize_from_w", "64")]
    [InlineData("firstphase_width", "64")]
    [InlineData("hr_checkpoint_name", "\"other\"")]
    [InlineData("script_args", "[1]")]
    [InlineData("infotext", "\"a\"")]
    [InlineData("unheard_of", "1")]
    [InlineData("init_images", "[]")]
    [InlineData("steps", "0")]
    [InlineData("steps", "\"many\"")]
    [InlineData("steps", "2.5")]
    [InlineData("prompt", "7")]
    [InlineData("prompt", "\"\\ud800\"")]
    [InlineData("seed", "-2")]
    [InlineData("seed", "1e300")]
    [InlineData("batch_size", "1000")]
    [InlineData("width", "101")]
    [InlineData("width", "16385")]
    [InlineData("cfg_scale", "-1")]
    [InlineData("eta", "0.5")]
    [InlineData("s_churn", "10")]
    [InlineData("styles", "[\"unknown\"]")]
    [InlineData("styles", "\"cape\"")]
    [InlineData("send_images", "2")]
    [InlineData("subseed_strength", "2")]
    public async Task Fields_that_cannot_be_honoured_are_refused_by_name(string field, string value)
    {
        JsonObject body = WebUIClient.Small();
        string json = body.ToJsonString().Replace("{", $"{{\"{field}\":{value},", StringComparison.Ordinal);
        // The last of equal names counts.
        if (body.ContainsKey(field)) json = json[..^1] + $",\"{field}\":{value}}}";
        (HttpStatusCode status, JsonNode answer) = await _client.RefusedAsync("txt2img", json);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        JsonNode error = answer["detail"]!.AsArray().First()!;
        Assert.Equal(["body", field], error["loc"]!.AsArray().Select(part => part!.GetValue<string>()));
        Assert.StartsWith(field, error["msg"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_wrong_fields_are_named_at_once()
    {
        (HttpStatusCode status, JsonNode answer) = await _client.RefusedAsync("txt2img", """{ "steps": 0, "tiling": true, "colour": 1 }""");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.Equal(["steps", "tiling", "colour"], answer["detail"]!.AsArray().Select(error => error!["loc"]![1]!.GetValue<string>()));
    }

    [Fact]
    public async Task Samplers_models_and_scripts_are_refused_with_a_text()
    {
        await RefusedAsync("sampler_name", "DPM adaptive", HttpStatusCode.NotFound, "Sampler not found: 'DPM adaptive'");
        await RefusedAsync("script_name", "x/y/z plot", HttpStatusCode.UnprocessableEntity, "Script 'x/y/z plot' not found");
        JsonObject scripts = new() { ["ADetailer"] = new JsonObject { ["args"] = new JsonArray(true) } };
        await RefusedAsync("alwayson_scripts", scripts, HttpStatusCode.UnprocessableEntity, "always on script ADetailer not found");
        JsonObject model = new() { ["sd_model_checkpoint"] = "sd_xl_base_1.0" };
        await RefusedAsync("override_settings", model, HttpStatusCode.NotFound, "Model not found: 'sd_xl_base_1.0'");

        Task RefusedAsync(string field, JsonNode value, HttpStatusCode status, string detail)
        {
            JsonObject body = WebUIClient.Small();
            body[field] = value;
            return Refusals.AssertTextAsync(_client, "txt2img", body, status, detail);
        }
    }

    [Fact]
    public async Task Overridden_settings_are_refused_in_their_place()
    {
        JsonObject body = WebUIClient.Small();
        body["override_settings"] = new JsonObject { ["sd_vae"] = "vae-ft-mse" };
        await Refusals.AssertFieldAsync(_client, "txt2img", body, "override_settings", "sd_vae");
        body["override_settings"] = new JsonObject { ["CLIP_stop_at_last_layers"] = 12 };
        await Refusals.AssertFieldAsync(_client, "txt2img", body, "CLIP_stop_at_last_layers");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{ \"steps\": NaN }")]
    [InlineData("{ \"\\ud800\": 1 }")]
    public async Task Bodies_that_are_not_objects_are_refused(string body)
    {
        (HttpStatusCode status, JsonNode answer) = await _client.RefusedAsync("txt2img", body);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, status);
        Assert.NotEmpty(answer["detail"]![0]!["msg"]!.GetValue<string>());
    }

    [Fact]
    public async Task Forms_of_other_pages_are_refused()
    {
        using HttpResponseMessage response = await _client.Http.PostAsync(
            "/sdapi/v1/txt2img", new StringContent("""{ "prompt": "a" }""", null, "text/plain"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
    }

    [Fact]
    public async Task Without_a_key_nothing_answers()
    {
        using WebUIClient anonymous = server.AnonymousClient();
        foreach (string path in new[] { "options", "progress", "sd-models", "samplers" })
        {
            using HttpResponseMessage response =
                await anonymous.Http.GetAsync($"/sdapi/v1/{path}", TestContext.Current.CancellationToken);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        }
    }
}
