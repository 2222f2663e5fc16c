using System.Text.Json.Nodes;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

/// <summary>Requests as Open WebUI sends them with the engine automatic1111: few fields, and those its administrator adds.</summary>
public sealed class OpenWebUITests(WebUIServer server)
{
    private readonly WebUIClient _client = server.ClientOf(nameof(OpenWebUITests));

    [Fact]
    public async Task Models_are_listed_selected_and_used()
    {
        JsonNode model = (await _client.GetAsync("sd-models"))[0]!;
        (string title, string name) = (model["title"]!.GetValue<string>(), model["model_name"]!.GetValue<string>());
        Assert.Equal((WebUIServer.Model, WebUIServer.Model), (title, name));

        // It reads all options and writes them back with the model.
        JsonNode options = await _client.GetAsync("options");
        options["sd_model_checkpoint"] = title;
        await _client.PostAsync("options", options);
        Assert.Equal(title, (await _client.GetAsync("options"))["sd_model_checkpoint"]!.GetValue<string>());

        JsonNode body = JsonNode.Parse(
            """{ "prompt": "a blue bird", "batch_size": 1, "width": 128, "height": 128, "steps": 2, "negative_prompt": "hat" }""")!;
        JsonNode answer = (await _client.PostAsync("txt2img", body))!;
        Assert.Equal((byte)'P', Convert.FromBase64String(answer["images"]![0]!.GetValue<string>())[1]);
        Assert.Contains("\"seed\":", answer["info"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Its_settings_may_have_further_parameters()
    {
        // The three fields of its settings, of earlier versions and as JSON of newer ones.
        JsonNode body = JsonNode.Parse(
            """
            { "prompt": "a blue bird", "batch_size": 2, "width": 128, "height": 128, "steps": 2,
              "cfg_scale": 1.0, "sampler_name": "DDIM", "scheduler": "Automatic" }
            """)!;
        Answer answer = await Answer.TextToImageAsync(_client, body);
        Assert.Equal(2, answer.Images.Count);
        Assert.Equal("DDIM", answer.Parameters["sampler_name"]!.GetValue<string>());
    }
}
