using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Hosting;

namespace LatentDiffusion.AspNetCore.Page;

/// <summary>
/// Follows a job as server-sent events: <c>job</c> with the whole job at each change, and <c>preview</c> with the file of a new preview.
/// Comments in between keep proxies from closing the connection of a job that waits.
/// </summary>
internal sealed class JobEvents(IImageJobQueue queue, IImageStore store, string id) : IResult
{
    private static readonly TimeSpan s_pause = TimeSpan.FromSeconds(15);

    private string? _preview;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        IHostApplicationLifetime host = httpContext.RequestServices.GetRequiredService<IHostApplicationLifetime>();
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, host.ApplicationStopping);
        HttpResponse response = httpContext.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-store";
        // nginx collects responses otherwise.
        response.Headers["X-Accel-Buffering"] = "no";
        httpContext.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        try
        {
            await FollowAsync(response, ends.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ends.IsCancellationRequested)
        {
        }
    }

    private async Task FollowAsync(HttpResponse response, CancellationToken cancellationToken)
    {
        IAsyncEnumerator<JobStatus> jobs = queue.WatchAsync(id, cancellationToken).GetAsyncEnumerator(cancellationToken);
        Task<bool>? next = null;
        try
        {
            while (true)
            {
                next ??= jobs.MoveNextAsync().AsTask();
                if (await Task.WhenAny(next, Task.Delay(s_pause, cancellationToken)).ConfigureAwait(false) != next)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    await response.WriteAsync(": waiting\n\n", cancellationToken).ConfigureAwait(false);
                    continue;
                }

                bool hasNext = await next.ConfigureAwait(false);
                next = null;
                if (!hasNext) return;
                await WriteAsync(response, jobs.Current, cancellationToken).ConfigureAwait(false);
            }
        }
        finally
        {
            // An enumerator must not be disposed while it moves.
            if (next is not null) await ((Task)next).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            await jobs.DisposeAsync().ConfigureAwait(false);
        }
    }

    private async Task WriteAsync(HttpResponse response, JobStatus job, CancellationToken cancellationToken)
    {
        await WriteEventAsync("job", JobJson.Create(job)).ConfigureAwait(false);
        if (job.Preview is not { } preview || preview.Name == _preview) return;
        _preview = preview.Name;
        // Queues delete the previews of a job when it ends.
        if (await store.ReadAsync(preview, cancellationToken).ConfigureAwait(false) is { } file)
            await WriteEventAsync("preview", new PreviewJson(preview.MediaType, preview.Width, preview.Height, file)).ConfigureAwait(false);

        Task WriteEventAsync<T>(string name, T value) =>
            response.WriteAsync($"event: {name}\ndata: {JsonSerializer.Serialize(value, JobJson.Options)}\n\n", cancellationToken);
    }
}
