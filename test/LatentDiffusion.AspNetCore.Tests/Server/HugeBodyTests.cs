using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests;

/// <summary>Bodies that do not fit. They are measured while no other test runs.</summary>
[Collection(Name)]
[CollectionDefinition(Name, DisableParallelization = true)]
public class HugeBodyTests
{
    private const string Name = "Measurements of memory";

    private const long Mebibyte = 1 << 20;

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
        // The client allocates too.
        Assert.InRange(GC.GetTotalAllocatedBytes() - allocated, 0, 50 * Mebibyte);
        Assert.False(server.Queue.Added.TryRead(out _));
        Assert.Equal(200, (int)(await server.Client.GetAsync("v1/models")).StatusCode);
    }

    [Theory]
    [InlineData("txt2img", true)]
    [InlineData("txt2img", false)]
    [InlineData("img2img", true)]
    [InlineData("extra-single-image", true)]
    [InlineData("png-info", true)]
    [InlineData("options", true)]
    public async Task The_web_UI_API_refuses_them_in_its_form(string endpoint, bool hasLength)
    {
        await using ScriptedServer server = await ScriptedServer.StartAsync(o => o.MaximumRequestBytes = Mebibyte);
        using var content = new HugeContent(100 * Mebibyte, "generations", hasLength);
        using HttpResponseMessage response = await server.Client.PostAsync($"sdapi/v1/{endpoint}", content);

        Assert.Equal(413, (int)response.StatusCode);
        JsonElement error = JsonElement.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal($"The request is too large; expected at most {Mebibyte} bytes.", error.GetProperty("detail").GetString());
        Assert.Equal(200, (int)(await server.Client.GetAsync("sdapi/v1/options")).StatusCode);
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
            byte[] start = Encoding.ASCII.GetBytes(_isForm
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
