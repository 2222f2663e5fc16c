using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.Http.Features;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>
/// A job as server-sent events. The response begins with the first event, so that errors before it have their status code; while a job
/// waits for long, with a comment, so that proxies keep the connection.
/// </summary>
internal sealed class ImageEventStream(
    IAsyncEnumerable<JobStatus> job, ImageEvents events, TimeProvider time, long maximumBytes, ILogger<ImageEventStream> logger) : IResult
{
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(15);

    private long _written = time.GetTimestamp();

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        CancellationToken left = httpContext.RequestAborted;
        try
        {
            await WriteAsync(httpContext.Response, left).ConfigureAwait(false);
        }
        catch (Exception) when (left.IsCancellationRequested)
        {
            // The client is gone, and with it everyone who could read an answer.
        }
        catch (Exception e)
        {
            RequestException error = OpenAIErrorMapping.Instance.FromException(e, maximumBytes, logger);
            if (!httpContext.Response.HasStarted) await OpenAIErrorResponse.WriteAsync(httpContext, error).ConfigureAwait(false);
            else await WriteErrorAsync(httpContext.Response, error, left).ConfigureAwait(false);
        }
    }

    private async Task WriteAsync(HttpResponse response, CancellationToken left)
    {
        JobStatus? last = null;
        IAsyncEnumerator<JobStatus> statuses = job.GetAsyncEnumerator(left);
        await using (statuses.ConfigureAwait(false))
        {
            while (await NextAsync(statuses, response, left).ConfigureAwait(false))
            {
                last = statuses.Current;
                if (await events.PartialAsync(last, left).ConfigureAwait(false) is { } partial)
                    await WriteAsync(response, partial.Type, partial, OpenAIJson.Default.ImageEvent, left).ConfigureAwait(false);
            }
        }

        if (last is not { State: JobState.Completed, Images.Count: > 0 }) throw OpenAIErrorMapping.Instance.FromJob(last);
        foreach (StoredImage image in last.Images)
        {
            ImageEvent completed = await events.CompletedAsync(image, left).ConfigureAwait(false);
            await WriteAsync(response, completed.Type, completed, OpenAIJson.Default.ImageEvent, left).ConfigureAwait(false);
        }
    }

    /// <summary>Waits for the next status, and writes comments meanwhile.</summary>
    private async Task<bool> NextAsync(IAsyncEnumerator<JobStatus> statuses, HttpResponse response, CancellationToken left)
    {
        Task<bool> next = statuses.MoveNextAsync().AsTask();
        try
        {
            while (await IsQuietAsync(next, left).ConfigureAwait(false))
            {
                Begin(response);
                await response.WriteAsync(": waiting\n\n", left).ConfigureAwait(false);
                await FlushAsync(response, left).ConfigureAwait(false);
            }
        }
        catch (Exception) when (left.IsCancellationRequested)
        {
            // The enumeration ends by itself now, and must before it is disposed.
        }

        return await next.ConfigureAwait(false);
    }

    /// <summary>Whether nothing was written for some time; a step without a preview, for example, writes nothing.</summary>
    private async Task<bool> IsQuietAsync(Task next, CancellationToken left)
    {
        TimeSpan rest = s_quiet - time.GetElapsedTime(_written);
        if (rest <= TimeSpan.Zero) return true;
        try
        {
            await next.WaitAsync(rest, time, left).ConfigureAwait(false);
            return false;
        }
        catch (TimeoutException) when (!next.IsCompleted)
        {
            return true;
        }
    }

    private Task WriteErrorAsync(HttpResponse response, RequestException error, CancellationToken left) =>
        WriteAsync(response, "error", new ErrorEvent(OpenAIErrorResponse.Create(error).Error), OpenAIJson.Default.ErrorEvent, left);

    private async Task WriteAsync<T>(
        HttpResponse response, string name, T data, JsonTypeInfo<T> contract, CancellationToken left)
    {
        Begin(response);
        await response.WriteAsync($"event: {name}\ndata: ", left).ConfigureAwait(false);
        await JsonSerializer.SerializeAsync(response.Body, data, contract, left).ConfigureAwait(false);
        await response.WriteAsync("\n\n", left).ConfigureAwait(false);
        await FlushAsync(response, left).ConfigureAwait(false);
    }

    private async Task FlushAsync(HttpResponse response, CancellationToken left)
    {
        await response.Body.FlushAsync(left).ConfigureAwait(false);
        _written = time.GetTimestamp();
    }

    private static void Begin(HttpResponse response)
    {
        if (response.HasStarted) return;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache";
        // Of nginx, which otherwise keeps events until its buffer is full.
        response.Headers["X-Accel-Buffering"] = "no";
        response.HttpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
    }
}
