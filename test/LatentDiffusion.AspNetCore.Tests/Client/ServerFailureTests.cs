#pragma warning disable MEAI001 // IImageGenerator is experimental.
using System.Net;
using System.Net.Http.Headers;
using LatentDiffusion.Client;
using Microsoft.Extensions.AI;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.Client;

/// <summary>What a server reports becomes the exception that a generator in the process throws.</summary>
public sealed class ServerFailureTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(400, "invalid_value", typeof(ArgumentException))]
    [InlineData(400, "unsupported_parameter", typeof(NotSupportedException))]
    [InlineData(400, "limit_exceeded", typeof(ServerLimitException))]
    [InlineData(400, "job_cancelled", typeof(OperationCanceledException))]
    [InlineData(400, "invalid_image_file", typeof(InvalidDataException))]
    [InlineData(404, "model_not_found", typeof(ArgumentException))]
    [InlineData(408, "timeout", typeof(TimeoutException))]
    [InlineData(413, "too_large", typeof(ServerLimitException))]
    [InlineData(415, "unsupported_media_type", typeof(NotSupportedException))]
    [InlineData(429, "rate_limit_exceeded", typeof(ServerLimitException))]
    [InlineData(499, "cancelled", typeof(OperationCanceledException))]
    [InlineData(401, "invalid_api_key", typeof(HttpRequestException))]
    [InlineData(500, "internal", typeof(HttpRequestException))]
    [InlineData(503, "queue_full", typeof(ServerLimitException))]
    [InlineData(504, "timeout", typeof(TimeoutException))]
    public async Task Errors_become_typed_exceptions_with_their_message(int status, string code, Type expected)
    {
        var server = new RecordedServer(
            (HttpStatusCode)status, $$$"""{"error":{"message":"steps is 0.","type":"some_error","param":"steps","code":"{{{code}}}"}}""");
        Exception thrown = await Assert.ThrowsAnyAsync<Exception>(() => GenerateAsync(server));
        Assert.Equal(expected, thrown.GetType());
        Assert.StartsWith("steps is 0.", thrown.Message, StringComparison.Ordinal);
        if (thrown is ArgumentException argument) Assert.Equal("steps", argument.ParamName);
        if (thrown is HttpRequestException failed) Assert.Equal(status, (int)failed.StatusCode!);
    }

    [Fact]
    public async Task Full_servers_say_when_to_try_again()
    {
        var full = await Assert.ThrowsAsync<ServerLimitException>(() => GenerateAsync(Refusing(HttpStatusCode.ServiceUnavailable)));
        Assert.True(full.IsTransient);
        Assert.Equal(TimeSpan.FromSeconds(7), full.RetryAfter);
        var large = await Assert.ThrowsAsync<ServerLimitException>(() => GenerateAsync(Refusing(HttpStatusCode.RequestEntityTooLarge)));
        Assert.False(large.IsTransient);

        static RecordedServer Refusing(HttpStatusCode status) => new(_ => Task.FromResult(new HttpResponseMessage(status)
        {
            Content = new StringContent("{}"), Headers = { RetryAfter = new RetryConditionHeaderValue(TimeSpan.FromSeconds(7)) },
        }));
    }

    [Fact]
    public async Task Pages_of_a_proxy_are_not_taken_for_answers()
    {
        const string Page = "<html>Bad gateway</html>";
        var failed = await Assert.ThrowsAsync<HttpRequestException>(
            () => GenerateAsync(new RecordedServer(HttpStatusCode.BadGateway, Page, "text/html")));
        Assert.Equal("http://server/v1/images/generations answered 502 Bad Gateway.", failed.Message);
        string[] bodies = [Page, "{}", "null", """{"data":[{}]}""", """{"data":[{"b64_json":"*"}]}""", """{"data":[null]}"""];
        foreach (string body in bodies)
        {
            var wrong = await Assert.ThrowsAsync<InvalidDataException>(
                () => GenerateAsync(new RecordedServer(HttpStatusCode.OK, body, "text/html")));
            Assert.Contains("http://server/v1/images/generations", wrong.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Answers_beyond_the_limit_are_not_read()
    {
        var server = new RecordedServer(HttpStatusCode.OK, RecordedServer.OneImage);
        var options = new LatentDiffusionClientOptions { MaximumResponseBytes = 10 };
        await Assert.ThrowsAsync<HttpRequestException>(() => GenerateAsync(server, options));
    }

    [Fact]
    public async Task Calls_beyond_the_time_limit_end_in_a_timeout()
    {
        var options = new LatentDiffusionClientOptions { TimeLimit = TimeSpan.FromMilliseconds(1) };
        var thrown = await Assert.ThrowsAsync<TimeoutException>(() => GenerateAsync(Silent(), options));
        Assert.Equal("http://server/ did not answer within 00:00:00.0010000.", thrown.Message);
        using HttpClient client = Silent().ToClient();
        client.Timeout = TimeSpan.FromMilliseconds(1);
        await Assert.ThrowsAsync<TimeoutException>(
            () => new HttpImageGenerator(client).GenerateImagesAsync("a bird", null, Cancellation));
    }

    [Fact]
    public async Task Cancelled_calls_end_as_cancelled()
    {
        using var stop = new CancellationTokenSource();
        using HttpClient client = Silent().ToClient();
        Task<ImageGenerationResponse> call = new HttpImageGenerator(client).GenerateImagesAsync("a bird", null, stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
    }

    private static RecordedServer Silent() => new(async cancellationToken =>
    {
        await Task.Delay(Timeout.Infinite, cancellationToken);
        throw new InvalidOperationException();
    });

    private static async Task<ImageGenerationResponse> GenerateAsync(RecordedServer server, LatentDiffusionClientOptions? options = null)
    {
        using HttpClient client = server.ToClient();
        return await new HttpImageGenerator(client, options).GenerateImagesAsync("a bird", null, Cancellation);
    }
}
