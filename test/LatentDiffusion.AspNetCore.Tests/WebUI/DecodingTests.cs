using System.Net;
using LatentDiffusion.AspNetCore.Requests;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.WebUI;

/// <summary>Images of requests are decoded by as many requests at once as there are processors.</summary>
public sealed class DecodingTests
{
    private static readonly string s_image = Convert.ToBase64String(new SkiaImageCodec().EncodePng(new ImageBuffer(8, 8, new byte[192])));

    [Theory]
    [InlineData("img2img", """{ "prompt": "a", "init_images": ["IMAGE"] }""")]
    [InlineData("extra-single-image", """{ "image": "IMAGE" }""")]
    public async Task Requests_with_images_wait_for_their_turn(string path, string body)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync();
        CancellationToken stop = TestContext.Current.CancellationToken;
        var client = new WebUIClient(server.Client);
        var decoder = server.Server.Services.GetRequiredService<InputImageDecoder>();
        var turns = new List<InputImageDecoder.Turn>();
        for (int i = 0; i < Environment.ProcessorCount; i++) turns.Add(await decoder.TakeTurnAsync(stop));

        Task<HttpResponseMessage> waiting = client.SendAsync(path, body.Replace("IMAGE", s_image));
        // Time in which the request would have its answer.
        for (int i = 0; i < 3; i++) await client.PostAsync("txt2img", WebUIClient.Small());
        Assert.False(waiting.IsCompleted);
        foreach (InputImageDecoder.Turn turn in turns) turn.Dispose();
        Assert.Equal(HttpStatusCode.OK, (await waiting).StatusCode);
    }
}
