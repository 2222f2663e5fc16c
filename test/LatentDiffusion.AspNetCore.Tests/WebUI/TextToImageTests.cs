using System.Text.Json.Nodes;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

public sealed class TextToImageTests(WebUIServer server)
{
    private readonly WebUIClient _client = server.ClientOf(nameof(TextToImageTests));

    [Fact]
    public async Task One_seed_gives_equal_bytes()
    {
        Answer first = await Answer.TextToImageAsync(_client, WebUIClient.Small());
        Answer second = await Answer.TextToImageAsync(_client, WebUIClient.Small());
        Assert.Equal(first.Images, second.Images);
        Assert.Equal((128, 128), (first.Image().Width, first.Image().Height));
        Assert.Equal(7ul, first.Seeds.Single());
        JsonObject other = WebUIClient.Small();
        other["seed"] = 8;
        Assert.NotEqual(first.Images, (await Answer.TextToImageAsync(_client, other)).Images);
    }

    [Fact]
    public async Task A_random_seed_is_named_and_gives_the_image_again()
    {
        JsonObject body = WebUIClient.Small();
        body["seed"] = -1;
        Answer random = await Answer.TextToImageAsync(_client, body);
        body["seed"] = random.Seeds.Single();
        Assert.Equal(random.Images, (await Answer.TextToImageAsync(_client, body)).Images);
    }

    [Fact]
    public async Task Images_of_batches_and_iterations_have_the_seeds_that_the_answer_names()
    {
        JsonObject body = WebUIClient.Small();
        (body["batch_size"], body["n_iter"]) = (2, 2);
        Answer all = await Answer.TextToImageAsync(_client, body);
        Assert.Equal([7ul, 8ul, 9ul, 10ul], all.Seeds);
        Assert.Equal(4, all.Images.Distinct().Count());
        JsonObject last = WebUIClient.Small();
        last["seed"] = 10;
        Assert.Equal(all.Images[3], (await Answer.TextToImageAsync(_client, last)).Images[0]);
    }

    [Fact]
    public async Task Variations_have_one_seed_and_following_variation_seeds()
    {
        JsonObject body = WebUIClient.Small();
        (body["subseed"], body["subseed_strength"], body["n_iter"]) = (100, 0.5, 2);
        Answer varied = await Answer.TextToImageAsync(_client, body);
        Assert.Equal([7ul, 7ul], varied.Seeds);
        Assert.Equal("[100,101]", varied.Info["all_subseeds"]!.ToJsonString());
        Assert.Contains("Variation seed: 101, Variation seed strength: 0.5", varied.Texts[1], StringComparison.Ordinal);
        Assert.NotEqual(varied.Images[0], varied.Images[1]);
        Assert.NotEqual((await Answer.TextToImageAsync(_client, WebUIClient.Small())).Images[0], varied.Images[0]);
    }

    [Fact]
    public async Task The_text_of_an_image_read_back_gives_the_same_request()
    {
        JsonObject body = WebUIClient.Small("a blue bird,\nwith a \"hat\"");
        (body["negative_prompt"], body["cfg_scale"], body["sampler_name"], body["eta"]) = ("rocks, glasses", 1.5, "DDIM", 0.25);
        Answer answer = await Answer.TextToImageAsync(_client, body);
        JsonNode info = (await _client.PostAsync("png-info", new JsonObject { ["image"] = answer.Images[0] }))!;
        Assert.Equal(answer.Texts[0], info["info"]!.GetValue<string>());
        JsonNode read = info["parameters"]!;
        var again = new JsonObject
        {
            ["prompt"] = Text("Prompt"), ["negative_prompt"] = Text("Negative prompt"), ["steps"] = Text("Steps"), ["seed"] = Text("Seed"),
            ["cfg_scale"] = Text("CFG scale"), ["sampler_name"] = Text("Sampler"), ["eta"] = Text("Eta"), ["width"] = Text("Size-1"),
            ["height"] = Text("Size-2"), ["scheduler"] = read["Schedule type"]?.DeepClone(),
        };
        Assert.Equal(answer.Images, (await Answer.TextToImageAsync(_client, again)).Images);
        GenerationRequest request = ImageSettings.FromParameters(answer.Texts[0]).Request;
        Assert.Equal("a blue bird,\nwith a \"hat\"", request.Prompt);
        Assert.Equal((2, 7ul, 1.5, 0.25), (request.Steps, request.Seed, request.GuidanceScale, request.Eta));

        JsonNode Text(string key) => read[key]!.DeepClone();
    }

    [Fact]
    public async Task Samplers_and_schedules_have_the_names_of_the_web_ui()
    {
        JsonObject body = WebUIClient.Small();
        (body["sampler_name"], body["scheduler"]) = ("DDIM", "normal");
        Answer answer = await Answer.TextToImageAsync(_client, body);
        Assert.Equal("DDIM", answer.Info["sampler_name"]!.GetValue<string>());
        Assert.Contains("Sampler: DDIM, Schedule type: Normal,", answer.Texts[0], StringComparison.Ordinal);
        body["scheduler"] = "Normal";
        Assert.Equal(answer.Images, (await Answer.TextToImageAsync(_client, body)).Images);
    }

    [Fact]
    public async Task Clip_skip_selects_the_layer_of_the_text_encoder()
    {
        JsonObject body = WebUIClient.Small();
        body["override_settings"] = new JsonObject { ["CLIP_stop_at_last_layers"] = 2 };
        Answer second = await Answer.TextToImageAsync(_client, body);
        Assert.NotEqual((await Answer.TextToImageAsync(_client, WebUIClient.Small())).File(), second.File());
        Assert.Contains("Clip skip: 2", second.Texts[0], StringComparison.Ordinal);
        Assert.Equal(2, ImageSettings.FromParameters(second.Texts[0]).Request.ClipSkip);
    }

    [Fact]
    public async Task Styles_of_the_server_add_to_the_prompts()
    {
        JsonObject body = WebUIClient.Small();
        body["styles"] = new JsonArray(WebUIServer.Style.Name);
        Answer styled = await Answer.TextToImageAsync(_client, body);
        Assert.Equal("a blue bird with a cape", styled.Info["prompt"]!.GetValue<string>());
        Assert.Equal("hat", styled.Info["negative_prompt"]!.GetValue<string>());
    }

    [Fact]
    public async Task Images_are_sent_only_where_they_are_wanted()
    {
        JsonObject body = WebUIClient.Small();
        body["send_images"] = false;
        Answer answer = await Answer.TextToImageAsync(_client, body);
        Assert.Empty(answer.Images);
        Assert.StartsWith("a blue bird\n", answer.Texts.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Overridden_formats_apply_to_one_request()
    {
        JsonObject body = WebUIClient.Small();
        body["override_settings"] = new JsonObject { ["samples_format"] = "jpg", ["jpeg_quality"] = 50 };
        Answer answer = await Answer.TextToImageAsync(_client, body);
        Assert.Equal([0xFF, 0xD8], answer.File()[..2]);
        Assert.Equal(answer.Texts[0], ImageTexts.Read(answer.File())["parameters"]);
        Assert.Equal("png", (await _client.GetAsync("options"))["samples_format"]!.GetValue<string>());
    }
}
