using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using LatentDiffusion.Jobs;
using Microsoft.AspNetCore.Builder;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

/// <summary>Requests of several iterations, each of which is a job.</summary>
public class IterationTests
{
    [Theory]
    [InlineData(JobErrorKind.InvalidRequest, HttpStatusCode.UnprocessableEntity)]
    [InlineData(JobErrorKind.Busy, HttpStatusCode.ServiceUnavailable)]
    public async Task A_failure_while_others_are_added_is_the_answer(JobErrorKind kind, HttpStatusCode expected)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(map: app => app.MapWebUIApi());
        server.Queue.Script = ScriptedQueue.Fails(new JobError(kind, "Width is 101; expected a multiple of 8.", "Width"));
        using HttpResponseMessage response =
            await server.Client.PostAsJsonAsync("sdapi/v1/txt2img", new { prompt = "a fox", n_iter = 10 });
        Assert.Equal(expected, response.StatusCode);
        JsonElement answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Contains("101", answer.ToString(), StringComparison.Ordinal);
        int added = 0;
        while (server.Queue.Added.TryRead(out _)) added++;
        Assert.InRange(added, 1, 9);
    }
}
