using System.Net.Http.Headers;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>Limits of requests.</summary>
public class LimitTests
{
    private const long Mebibyte = 1 << 20;

    [Fact]
    public async Task Callers_have_their_own_rate()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(o => o.RequestsPerMinute = 2);
        async Task<HttpResponseMessage> GenerateAsync(HttpClient client) =>
            await client.PostAsync("v1/images/generations", new StringContent("{}", MediaTypeHeaderValue.Parse("application/json")));

        using HttpClient bob = server.Server.CreateClient(RunningServer.OtherKey);
        for (int i = 0; i < 2; i++) Assert.Equal(400, (int)(await GenerateAsync(server.Client)).StatusCode);
        using HttpResponseMessage refused = await GenerateAsync(server.Client);

        Assert.Equal("rate_limit_exceeded", (await refused.ReadErrorAsync(429)).GetProperty("code").GetString());
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Equal(400, (int)(await GenerateAsync(bob)).StatusCode);
        Assert.Equal(200, (int)(await server.Client.GetAsync("v1/models")).StatusCode);
    }

    [Fact]
    public async Task Images_and_prompts_have_limits()
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(o => (o.MaximumImages, o.MaximumPromptLength) = (2, 5));
        using HttpResponseMessage images = await server.GenerateAsync("""{"prompt": "a", "n": 3}""");
        using HttpResponseMessage prompt = await server.GenerateAsync("""{"prompt": "abcdef"}""");
        using HttpResponseMessage right = await server.GenerateAsync("""{"prompt": "abcde", "n": 2}""");

        Assert.Contains("from 1 to 2", (await images.ReadErrorAsync(400)).GetProperty("message").GetString());
        Assert.Equal("prompt", (await prompt.ReadErrorAsync(400)).GetProperty("param").GetString());
        Assert.Equal(200, (int)right.StatusCode);
    }

    [Theory]
    [InlineData("generations", true)]
    [InlineData("generations", false)]
    [InlineData("edits", true)]
    [InlineData("edits", false)]
    [InlineData("variations", false)]
    public async Task Bodies_of_100_MB_are_refused(string endpoint, bool hasLength)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(o => o.MaximumRequestBytes = Mebibyte);
        long allocated = GC.GetTotalAllocatedBytes();
        using var content = new HugeContent(100 * Mebibyte, endpoint, hasLength);
        using HttpResponseMessage response = await server.Client.PostAsync($"v1/images/{endpoint}", content);

        Assert.Equal("request_too_large", (await response.ReadErrorAsync(413)).GetProperty("code").GetString());
        // Other tests of the process allocate too.
        Assert.InRange(GC.GetTotalAllocatedBytes() - allocated, 0, 90 * Mebibyte);
        Assert.False(server.Queue.Added.TryRead(out _));
        Assert.Equal(200, (int)(await server.Client.GetAsync("v1/models")).StatusCode);
    }

    /// <summary>The beginning of a right body, and then one byte again and again.</summary>
    private sealed class HugeContent : HttpContent
    {
        private readonly long _length;
        private readonly bool _hasLength, _isForm;

        public HugeContent(long length, string endpoint, bool hasLength)
        {
            (_length, _hasLength, _isForm) = (length, hasLength, endpoint != "generations");
            Headers.ContentType = MediaTypeHeaderValue.Parse(_isForm ? "multipart/form-data; boundary=part" : "application/json");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, System.Net.TransportContext? context)
        {
            byte[] start = System.Text.Encoding.ASCII.GetBytes(_isForm
                ? "--part\r\nContent-Disposition: form-data; name=\"image\"; filename=\"image.png\"\r\n\r\n"
                : "{\"prompt\": \"");
            await stream.WriteAsync(start);
            var rest = new byte[80_000];
            rest.AsSpan().Fill((byte)'a');
            for (long left = _length - start.Length; left > 0; left -= rest.Length)
                await stream.WriteAsync(rest.AsMemory(0, (int)Math.Min(left, rest.Length)));
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _length;
            return _hasLength;
        }
    }
}
