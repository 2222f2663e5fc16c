using System.Text.Json.Nodes;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

public sealed class ProgressTests(WebUIServer server)
{
    /// <summary>More than a test waits for.</summary>
    private const int Many = 1000;

    private readonly WebUIClient _client = server.ClientOf(nameof(ProgressTests));

    [Fact]
    public async Task Without_a_job_it_is_idle()
    {
        JsonNode progress = await _client.GetAsync("progress");
        Assert.Equal(0, progress["progress"]!.GetValue<double>());
        Assert.Equal(0, progress["state"]!["job_count"]!.GetValue<int>());
        Assert.Null(progress["current_image"]);
        await _client.PostAsync("interrupt");
        await _client.PostAsync("skip");
    }

    [Fact]
    public async Task A_running_job_shows_a_preview_and_is_interrupted()
    {
        Task<Answer> running = Answer.TextToImageAsync(_client, Body(Many));
        JsonNode progress = await ProgressAsync(p => p["current_image"] is not null);
        Assert.InRange(progress["progress"]!.GetValue<double>(), 1e-6, 0.999);
        Assert.True(progress["eta_relative"]!.GetValue<double>() > 0);
        JsonNode state = progress["state"]!;
        Assert.Equal((1, 0), (state["job_count"]!.GetValue<int>(), state["job_no"]!.GetValue<int>()));
        Assert.InRange(state["sampling_step"]!.GetValue<int>(), 1, state["sampling_steps"]!.GetValue<int>());
        Assert.True(new SkiaImageCodec().Decode(Convert.FromBase64String(progress["current_image"]!.GetValue<string>())).Width > 0);
        Assert.Null((await _client.GetAsync("progress?skip_current_image=true"))["current_image"]);

        // Other callers neither see nor interrupt it.
        using WebUIClient other = server.ClientOf("other");
        Assert.Equal(0, (await other.GetAsync("progress"))["state"]!["job_count"]!.GetValue<int>());
        await other.PostAsync("interrupt");
        Assert.Equal(1, (await _client.GetAsync("progress"))["state"]!["job_count"]!.GetValue<int>());

        await _client.PostAsync("interrupt");
        Answer answer = await running;
        Assert.Empty(answer.Images);
        Assert.Empty(answer.Texts);
        Assert.Equal(0, (await _client.GetAsync("progress"))["state"]!["job_count"]!.GetValue<int>());
    }

    [Fact]
    public async Task Skipping_ends_one_iteration()
    {
        JsonObject body = Body(Many);
        body["n_iter"] = 2;
        Task<Answer> running = Answer.TextToImageAsync(_client, body);
        await ProgressAsync(p => IsIteration(p, 0));
        await _client.PostAsync("skip");
        JsonNode second = await ProgressAsync(p => IsIteration(p, 1));
        Assert.Equal(2, second["state"]!["job_count"]!.GetValue<int>());
        Assert.InRange(second["progress"]!.GetValue<double>(), 0.5, 0.999);
        await _client.PostAsync("interrupt");
        Assert.Empty((await running).Images);

        static bool IsIteration(JsonNode progress, int number) => progress["state"]!["job_no"]!.GetValue<int>() == number
            && progress["state"]!["sampling_step"]!.GetValue<int>() > 0;
    }

    [Fact]
    public async Task A_client_that_leaves_ends_its_job()
    {
        using var leaving = new CancellationTokenSource();
        Task<HttpResponseMessage> request = _client.SendAsync("txt2img", Body(Many).ToJsonString(), leaving.Token);
        await ProgressAsync(p => p["state"]!["job_count"]!.GetValue<int>() == 1);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await ProgressAsync(p => p["state"]!["job_count"]!.GetValue<int>() == 0);
    }

    private static JsonObject Body(int steps)
    {
        JsonObject body = WebUIClient.Small();
        (body["steps"], body["override_settings"]) = (steps, new JsonObject { ["show_progress_every_n_steps"] = 1 });
        return body;
    }

    /// <summary>Asks for the progress until it is as expected.</summary>
    private async Task<JsonNode> ProgressAsync(Func<JsonNode, bool> isExpected)
    {
        while (true)
        {
            JsonNode progress = await _client.GetAsync("progress");
            if (isExpected(progress)) return progress;
            TestContext.Current.CancellationToken.ThrowIfCancellationRequested();
        }
    }
}
