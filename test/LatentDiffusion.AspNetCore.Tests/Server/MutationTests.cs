using System.Net;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>Bodies that no client would send. Seeded: a failure names the number that repeats it.</summary>
public class MutationTests
{
    private static readonly int[] s_documented = [200, 400, 401, 404, 413, 429, 503];

    [Fact]
    public Task Mutated_bodies_get_documented_answers() => RunAsync(first: 0, count: 400);

    [Fact]
    [Trait(TestCategories.Name, TestCategories.Long)]
    public Task Two_thousand_mutated_bodies_get_documented_answers() => RunAsync(first: 10_000, count: 2000);

    private static async Task RunAsync(int first, int count)
    {
        await using ScriptedServer server =
            await ScriptedServer.StartAsync(o => (o.MaximumInputPixels, o.MaximumRequestBytes) = (4096, 1 << 20));
        var statuses = new int[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (i, _) =>
        {
            MutatedRequest mutated = MutatedRequest.Create(first + i);
            using HttpResponseMessage response = await SendAsync(server.Client, mutated);
            string text = await response.Content.ReadAsStringAsync(CancellationToken.None);
            statuses[i] = (int)response.StatusCode;
            Assert.True(s_documented.Contains(statuses[i]), $"Mutation {first + i} of {mutated.Path} got {statuses[i]}: {text}");
            if (statuses[i] != 200) Assert.StartsWith("{\"error\":{\"message\":", text);
        });

        // Otherwise the mutations are too harmless, or too wild to reach the fields.
        Assert.InRange(statuses.Count(s => s == 200), count / 50, count - count / 10);
        Assert.Equal(HttpStatusCode.OK, (await server.GenerateAsync("""{"prompt": "a"}""")).StatusCode);
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, MutatedRequest mutated)
    {
        using var content = new ByteArrayContent(mutated.Body);
        content.Headers.TryAddWithoutValidation("Content-Type", mutated.ContentType);
        using var request = new HttpRequestMessage(HttpMethod.Post, mutated.Path) { Content = content };
        return await client.SendAsync(request);
    }
}
