using System.Text.Json;
using LatentDiffusion.Jobs;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>Errors in OpenAI's format.</summary>
public class ErrorTests
{
    [Theory]
    [InlineData("""{}""", "prompt", "missing_required_parameter")]
    [InlineData("""{"prompt": ""}""", "prompt", "missing_required_parameter")]
    [InlineData("""{"prompt": 5}""", "prompt", "invalid_type")]
    [InlineData("""{"prompt": "a", "n": 0}""", "n", "invalid_value")]
    [InlineData("""{"prompt": "a", "n": 11}""", "n", "invalid_value")]
    [InlineData("""{"prompt": "a", "n": "2"}""", "n", "invalid_type")]
    [InlineData("""{"prompt": "a", "n": 1e99}""", "n", "invalid_type")]
    [InlineData("""{"prompt": "a", "stream": "yes"}""", "stream", "invalid_type")]
    [InlineData("""{"prompt": "a", "size": "big"}""", "size", "invalid_value")]
    [InlineData("""{"prompt": "a", "size": "64x99999"}""", "size", "invalid_value")]
    [InlineData("""{"prompt": "a", "size": "64x64", "width": 64}""", "size", "invalid_value")]
    [InlineData("""{"prompt": "a", "quality": "best"}""", "quality", "invalid_value")]
    [InlineData("""{"prompt": "a", "style": "bold"}""", "style", "invalid_value")]
    [InlineData("""{"prompt": "a", "background": "transparent"}""", "background", "invalid_value")]
    [InlineData("""{"prompt": "a", "moderation": "none"}""", "moderation", "invalid_value")]
    [InlineData("""{"prompt": "a", "response_format": "file"}""", "response_format", "invalid_value")]
    [InlineData("""{"prompt": "a", "response_format": "url", "stream": true}""", "response_format", "invalid_value")]
    [InlineData("""{"prompt": "a", "output_format": "gif"}""", "output_format", "invalid_value")]
    [InlineData("""{"prompt": "a", "output_compression": 101, "output_format": "jpeg"}""", "output_compression", "invalid_value")]
    [InlineData("""{"prompt": "a", "output_compression": 50}""", "output_compression", "invalid_value")]
    [InlineData("""{"prompt": "a", "partial_images": 4, "stream": true}""", "partial_images", "invalid_value")]
    [InlineData("""{"prompt": "a", "partial_images": 1}""", "partial_images", "invalid_value")]
    [InlineData("""{"prompt": "a", "steps": 0}""", "steps", "invalid_value")]
    [InlineData("""{"prompt": "a", "steps": 1.5}""", "steps", "invalid_value")]
    [InlineData("""{"prompt": "a", "seed": -1}""", "seed", "invalid_value")]
    [InlineData("""{"prompt": "a", "guidance_scale": "much"}""", "guidance_scale", "invalid_value")]
    [InlineData("""{"prompt": "a", "time_limit": 0}""", "time_limit", "invalid_value")]
    [InlineData("""{"prompt": "a", "negative_prompt": 1}""", "negative_prompt", "invalid_type")]
    [InlineData("""{"prompt": "a", "negative_prompt": "\ud800"}""", "negative_prompt", "invalid_value")]
    [InlineData("""{"prompt": "a", "timesteps": {"first": 1}}""", "timesteps", "invalid_value")]
    [InlineData("""{"prompt": "a", "initial_image": "x"}""", "initial_image", "unknown_parameter")]
    [InlineData("""{"prompt": "a", "image_count": 2}""", "image_count", "unknown_parameter")]
    [InlineData("""{"prompt": "a", "nonsense": 1}""", "nonsense", "unknown_parameter")]
    [InlineData("""{"prompt": "a", "prompt": "b"}""", "prompt", "invalid_type")]
    [InlineData("""["prompt"]""", null, "invalid_json")]
    [InlineData("""null""", null, "invalid_json")]
    [InlineData("""{"prompt": "a" """, null, "invalid_json")]
    [InlineData("", null, "invalid_json")]
    public async Task Wrong_fields_are_refused(string json, string? field, string code)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using HttpResponseMessage response = await server.GenerateAsync(json);

        JsonElement error = await response.ReadErrorAsync(400);
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Equal(field, error.GetProperty("param").GetString());
        Assert.False(server.Queue.Added.TryRead(out _));
    }

    [Fact]
    public async Task Harmless_fields_of_OpenAI_are_accepted()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using HttpResponseMessage response = await server.GenerateAsync(
            """
            {"prompt": "a", "model": null, "n": null, "quality": "high", "style": "vivid", "background": "auto", "moderation": "low",
             "user": "someone", "size": "auto", "partial_images": 0, "output_compression": 100, "stream": false, "seed": null}
            """);

        Assert.Equal(200, (int)response.StatusCode);
        JsonElement body = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal("high", body.GetProperty("quality").GetString());
        Assert.Equal("8x8", body.GetProperty("size").GetString());
        Assert.Equal("png", body.GetProperty("output_format").GetString());
    }

    [Fact]
    public async Task Unknown_models_are_not_found()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        using HttpResponseMessage response = await server.GenerateAsync("""{"prompt": "a", "model": "gpt-image-1"}""");
        using HttpResponseMessage found = await server.Client.GetAsync("v1/models/owner%2Fother");
        using HttpResponseMessage plain = await server.Client.GetAsync("v1/models/owner/other");

        Assert.Equal("model_not_found", (await response.ReadErrorAsync(404)).GetProperty("code").GetString());
        Assert.Equal((200, 200), ((int)found.StatusCode, (int)plain.StatusCode));
    }

    [Theory]
    [InlineData(JobErrorKind.InvalidRequest, "Width", 400, "size")]
    [InlineData(JobErrorKind.InvalidRequest, "InitialImage.Width", 400, "image")]
    [InlineData(JobErrorKind.InvalidRequest, "Timesteps[2]", 400, "timesteps")]
    [InlineData(JobErrorKind.InvalidRequest, "Elsewhere", 400, null)]
    [InlineData(JobErrorKind.LimitExceeded, null, 400, null)]
    [InlineData(JobErrorKind.Busy, null, 503, null)]
    [InlineData(JobErrorKind.TimedOut, null, 504, null)]
    [InlineData(JobErrorKind.Internal, null, 500, null)]
    public async Task Failed_jobs_have_the_status_of_their_kind(JobErrorKind kind, string? parameter, int status, string? field)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Queue.Script = ScriptedQueue.Fails(new JobError(kind, "Secret detail.", parameter));
        using HttpResponseMessage response = await server.GenerateAsync("""{"prompt": "a"}""");

        JsonElement error = await response.ReadErrorAsync(status);
        Assert.Equal(field, error.GetProperty("param").GetString());
        Assert.Equal(kind != JobErrorKind.Internal, error.GetProperty("message").GetString()!.Contains("Secret"));
        Assert.Equal(status == 503, response.Headers.RetryAfter is not null);
    }

    [Fact]
    public async Task Refusals_of_the_queue_have_their_status()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        async Task<JsonElement> RefuseAsync(Exception refusal, int status)
        {
            server.Queue.Refusal = _ => refusal;
            using HttpResponseMessage response = await server.GenerateAsync("""{"prompt": "a"}""");
            return await response.ReadErrorAsync(status);
        }

        Assert.Equal("queue_full", (await RefuseAsync(new QueueFullException("Full."), 503)).GetProperty("code").GetString());
        Assert.Equal("model_not_found", (await RefuseAsync(new UnknownModelException("m", []), 404)).GetProperty("code").GetString());
        Assert.Equal("steps", (await RefuseAsync(new ArgumentException("Wrong.", "Steps"), 400)).GetProperty("param").GetString());
        JsonElement error = await RefuseAsync(new InvalidOperationException("Password of the database."), 500);
        Assert.DoesNotContain("Password", error.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Cancelled_jobs_and_missing_workers_are_told()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        server.Queue.Script = (job, _) => AsyncEnumerable.Repeat(ScriptedQueue.Status(job, JobState.Cancelled), 1);
        using HttpResponseMessage cancelled = await server.GenerateAsync("""{"prompt": "a"}""");
        Assert.Equal("job_cancelled", (await cancelled.ReadErrorAsync(400)).GetProperty("code").GetString());

        server.Queue.Models = [];
        using HttpResponseMessage response = await server.GenerateAsync("""{"prompt": "a"}""");
        await response.ReadErrorAsync(503);
        Assert.NotNull(response.Headers.RetryAfter);
    }
}
