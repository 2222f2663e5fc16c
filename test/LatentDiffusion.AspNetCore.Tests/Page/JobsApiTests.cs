using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using LatentDiffusion.Jobs;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.Page;

/// <summary>The endpoints of <c>/api/jobs</c>.</summary>
public class JobsApiTests
{
    private static readonly byte[] s_png = new SkiaImageCodec().EncodePng(new ImageBuffer(8, 4, new byte[8 * 4 * 3]));

    [Fact]
    public async Task Posted_settings_become_a_request()
    {
        await using ApiServer server = await ApiServer.StartAsync();
        using HttpClient client = server.CreateClient();
        HttpResponseMessage response = await client.PostAsJsonAsync("/api/jobs", new Dictionary<string, object>
        {
            ["prompt"] = "a \"bird\"", ["negative_prompt"] = "{blurred}", ["model"] = "second", ["image_count"] = 3,
            ["seed"] = "18446744073709551615", ["steps"] = 7, ["guidance_scale"] = 2.5, ["width"] = 64, ["height"] = "32",
            ["scheduler_name"] = "euler-karras", ["time_limit"] = 60, ["preview_every"] = 4, ["media_type"] = "image/webp",
            ["quality"] = 80, ["upscale"] = new { width = 128, height = 64 },
        });
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        ImageJob job = Assert.Single(server.Queue.Added);
        Assert.Equal($"/api/jobs/{job.Id}", response.Headers.Location?.OriginalString);
        Assert.Equal(("second", RunningServer.Caller, 4), (job.Model, job.Caller, job.PreviewEvery));
        Assert.Equal(new ImageFormat("image/webp", 80), job.Format);
        GenerationRequest request = job.Request;
        Assert.Equal(("a \"bird\"", "{blurred}"), (request.Prompt, request.NegativePrompt));
        Assert.Equal((3, ulong.MaxValue), (request.ImageCount, request.Seed));
        Assert.Equal((7, 2.5, 64, 32), (request.Steps, request.GuidanceScale, request.Width, request.Height));
        Assert.Equal(("euler-karras", TimeSpan.FromMinutes(1)), (request.SchedulerName, request.TimeLimit));
        Assert.Equal((128, 64), (request.Upscale?.Width, request.Upscale?.Height));
    }

    [Fact]
    public async Task Images_come_as_data_or_in_forms()
    {
        await using ApiServer server = await ApiServer.StartAsync();
        using HttpClient client = server.CreateClient();
        string data = Convert.ToBase64String(s_png);
        HttpResponseMessage json = await client.PostAsJsonAsync("/api/jobs", new Dictionary<string, object>
        {
            ["prompt"] = "", ["initial_image"] = $"data:image/png;base64,{data}", ["mask"] = data,
            ["control_images"] = new[] { data, data },
        });
        Assert.Equal(HttpStatusCode.Created, json.StatusCode);
        using var form = new MultipartFormDataContent
        {
            { new StringContent("a fox"), "prompt" }, { new StringContent("0.5"), "strength" },
            { new ByteArrayContent(s_png), "initial_image", "fox.png" },
        };
        Assert.Equal(HttpStatusCode.Created, (await client.PostAsync("/api/jobs", form)).StatusCode);
        GenerationRequest[] requests = [.. server.Queue.Added.Select(j => j.Request)];
        Assert.Equal((8, 4), (requests[0].InitialImage?.Width, requests[0].Mask?.Height));
        Assert.Equal(2, requests[0].ControlImages?.Count);
        Assert.Equal(("a fox", 0.5, 8), (requests[1].Prompt, requests[1].Strength, requests[1].InitialImage?.Width));
    }

    [Theory]
    [InlineData("""{ "steps": 20 }""", "prompt")]
    [InlineData("""{ "prompt": "a", "steps": 0 }""", "steps")]
    [InlineData("""{ "prompt": "a", "steps": 1.5 }""", "steps")]
    [InlineData("""{ "prompt": "a", "guidance_scale": "1,5" }""", "guidance_scale")]
    [InlineData("""{ "prompt": "a", "guidance_scale": "NaN" }""", "guidance_scale")]
    [InlineData("""{ "prompt": "a", "seed": -1 }""", "seed")]
    [InlineData("""{ "prompt": "a", "image_count": 11 }""", "image_count")]
    [InlineData("""{ "prompt": "a", "scheduler_name": "best" }""", "scheduler_name")]
    [InlineData("""{ "prompt": "a", "upscale": { "widht": 2 } }""", "upscale")]
    [InlineData("""{ "prompt": "a", "model": "third" }""", "model")]
    [InlineData("""{ "prompt": "a", "media_type": "image/tiff" }""", "media_type")]
    [InlineData("""{ "prompt": "a", "quality": 101 }""", "quality")]
    [InlineData("""{ "prompt": "a", "initial_image": "AAAA" }""", "initial_image")]
    [InlineData("""{ "prompt": "a", "initial_image": "https://example.org/a.png" }""", "initial_image")]
    [InlineData("""{ "prompt": "a", "prompt_embeds": "a" }""", "prompt_embeds")]
    [InlineData("""{ "prompt": "a", "colour": "red" }""", "colour")]
    [InlineData("""{ "prompt": "a", "negative_prompt": 5 }""", "negative_prompt")]
    [InlineData("""{ "prompt": "a", "time_limit": "00:01:00" }""", "time_limit")]
    [InlineData("""{ "prompt": "a", "control_images": ["AAAA", 1] }""", "control_images")]
    [InlineData("""{ "prompt": "\ud800" }""", "prompt")]
    [InlineData("""{ "prompt": "a", "prompt": "b" }""", "prompt")]
    [InlineData("""["a"]""", null)]
    [InlineData("{", null)]
    public async Task Wrong_fields_are_problems_that_name_them(string body, string? parameter)
    {
        await using ApiServer server = await ApiServer.StartAsync();
        using HttpClient client = server.CreateClient();
        HttpResponseMessage response =
            await client.PostAsync("/api/jobs", new StringContent(body, new MediaTypeHeaderValue("application/json")));
        Assert.Equal(parameter == "model" ? HttpStatusCode.NotFound : HttpStatusCode.BadRequest, response.StatusCode);
        JsonElement problem = await ProblemOfAsync(response);
        Assert.Equal(parameter, problem.TryGetProperty("parameter", out JsonElement named) ? named.GetString() : null);
        Assert.Contains(parameter ?? "", problem.GetProperty("detail").GetString(), StringComparison.OrdinalIgnoreCase);
        Assert.Empty(server.Queue.Added);
    }

    [Fact]
    public async Task Large_images_are_refused_before_they_are_decoded()
    {
        await using ApiServer server = await ApiServer.StartAsync(o => o.MaximumInputPixels = 1 << 10);
        using HttpClient client = server.CreateClient();
        byte[] large = new SkiaImageCodec().EncodePng(new ImageBuffer(1025, 1, new byte[1025 * 3]));
        using var tooLarge = new MultipartFormDataContent
        {
            { new StringContent("a"), "prompt" }, { new ByteArrayContent(large), "initial_image", "a.png" },
        };
        JsonElement problem = await ProblemOfAsync(await client.PostAsync("/api/jobs", tooLarge));
        Assert.Contains("1025 x 1", problem.GetProperty("detail").GetString());
        byte[] allowed = new SkiaImageCodec().EncodePng(new ImageBuffer(1024, 1, new byte[1024 * 3]));
        using var tooMany = new MultipartFormDataContent { { new StringContent("a"), "prompt" } };
        for (int i = 0; i < 5; i++) tooMany.Add(new ByteArrayContent(allowed), "control_images", "a.png");
        problem = await ProblemOfAsync(await client.PostAsync("/api/jobs", tooMany));
        Assert.Equal("control_images", problem.GetProperty("parameter").GetString());
    }

    [Fact]
    public async Task Other_content_types_are_refused()
    {
        await using ApiServer server = await ApiServer.StartAsync();
        using HttpClient client = server.CreateClient();
        HttpResponseMessage response = await client.PostAsync("/api/jobs", new StringContent("a bird"));
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        await ProblemOfAsync(response);
    }

    [Fact]
    public async Task Busy_servers_say_when_to_try_again()
    {
        await using ApiServer server = await ApiServer.StartAsync(o => o.RequestsPerMinute = 1);
        using HttpClient client = server.CreateClient();
        server.Queue.Refusal = new QueueFullException("1000 jobs wait already.");
        HttpResponseMessage full = await client.PostAsJsonAsync("/api/jobs", new { prompt = "a" });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, full.StatusCode);
        HttpResponseMessage many = await client.PostAsJsonAsync("/api/jobs", new { prompt = "a" });
        Assert.Equal(HttpStatusCode.TooManyRequests, many.StatusCode);
        foreach (HttpResponseMessage response in new[] { full, many })
        {
            Assert.True(response.Headers.RetryAfter?.Delta > TimeSpan.Zero);
            await ProblemOfAsync(response);
        }
    }

    [Fact]
    public async Task Callers_see_only_their_own_jobs_and_images()
    {
        await using ApiServer server = await ApiServer.StartAsync();
        JobStatus hers = await server.CompletedAsync(RunningServer.Caller, s_png);
        JobStatus his = await server.CompletedAsync(RunningServer.OtherCaller, s_png);
        using HttpClient client = server.CreateClient(RunningServer.OtherKey);
        JsonElement list = await client.GetFromJsonAsync<JsonElement>("/api/jobs");
        Assert.Equal(his.Id, Assert.Single(list.GetProperty("jobs").EnumerateArray()).GetProperty("id").GetString());
        string[] paths = [$"jobs/{hers.Id}", $"jobs/{hers.Id}/events", $"images/{hers.Images[0].Name}", "jobs/none", "images/none/0.png"];
        foreach (string path in paths)
        {
            HttpResponseMessage response = await client.GetAsync($"/api/{path}");
            Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
            await ProblemOfAsync(response);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await client.DeleteAsync($"/api/jobs/{hers.Id}")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"/api/images/{his.Images[0].Name}")).StatusCode);
    }

    [Fact]
    public async Task Cancelling_ends_a_job_once()
    {
        await using ApiServer server = await ApiServer.StartAsync();
        using HttpClient client = server.CreateClient();
        await client.PostAsJsonAsync("/api/jobs", new { prompt = "a" });
        string path = $"/api/jobs/{Assert.Single(server.Queue.Added).Id}";
        Assert.Equal(HttpStatusCode.NoContent, (await client.DeleteAsync(path)).StatusCode);
        Assert.Equal("cancelled", (await client.GetFromJsonAsync<JsonElement>(path)).GetProperty("state").GetString());
        Assert.Equal(HttpStatusCode.Conflict, (await client.DeleteAsync(path)).StatusCode);
    }

    [Fact]
    public async Task Images_never_change_and_are_not_sent_twice()
    {
        await using ApiServer server = await ApiServer.StartAsync();
        using HttpClient client = server.CreateClient();
        JobStatus job = await server.CompletedAsync(RunningServer.Caller, s_png);
        JsonElement image = (await client.GetFromJsonAsync<JsonElement>($"/api/jobs/{job.Id}")).GetProperty("images")[0];
        Assert.Equal("18446744073709551615", image.GetProperty("seed").GetString());
        string path = $"/api/images/{image.GetProperty("name").GetString()}";
        HttpResponseMessage first = await client.GetAsync(path);
        Assert.Equal(s_png, await first.Content.ReadAsByteArrayAsync());
        Assert.Equal("image/png", first.Content.Headers.ContentType?.MediaType);
        Assert.Contains("immutable", first.Headers.CacheControl!.ToString());
        Assert.True(first.Headers.CacheControl.Private);
        using var again = new HttpRequestMessage(HttpMethod.Get, path);
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, (await client.SendAsync(again)).StatusCode);
    }

    internal static async Task<JsonElement> ProblemOfAsync(HttpResponseMessage response)
    {
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        JsonElement problem = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal((int)response.StatusCode, problem.GetProperty("status").GetInt32());
        return problem;
    }
}
