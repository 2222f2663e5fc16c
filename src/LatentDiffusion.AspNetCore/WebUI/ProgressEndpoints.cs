using System.Text.Json.Nodes;
using LatentDiffusion.AspNetCore.Authentication;

namespace LatentDiffusion.AspNetCore.WebUI;

/// <summary><c>GET /sdapi/v1/progress</c>, <c>POST /sdapi/v1/interrupt</c> and <c>skip</c>: of the caller's own request.</summary>
internal static class ProgressEndpoints
{
    public static async Task<IResult> ProgressAsync(HttpContext context, IImageJobQueue queue, IImageStore store, TimeProvider time)
    {
        CancellationToken left = context.RequestAborted;
        CurrentRequest? current = await CurrentRequest.FindAsync(queue, Caller.Of(context), left).ConfigureAwait(false);
        bool skipsImage = context.Request.Query["skip_current_image"] is [{ } value] && value.ToLowerInvariant() is "true" or "1";
        JobStatus? job = current?.Job;
        double progress = current is null ? 0 : Progress(current);
        return JsonAnswer.Of(new JsonObject
        {
            ["progress"] = progress,
            ["eta_relative"] = job?.Started is { } started && progress > 0
                ? Math.Max(0, (time.GetUtcNow() - started).TotalSeconds * (1 - progress) / progress)
                : 0,
            ["state"] = State(current),
            ["current_image"] = job?.Preview is { } preview && !skipsImage
                ? await ReadAsync(store, preview, left).ConfigureAwait(false)
                : null,
            ["textinfo"] = job?.Position is { } position ? $"In queue: {position}" : null,
        });
    }

    /// <summary>Ends the request. Images of its iterations that were generated before are part of the answer.</summary>
    public static async Task<IResult> InterruptAsync(HttpContext context, IImageJobQueue queue)
    {
        CancellationToken left = context.RequestAborted;
        CurrentRequest? current = await CurrentRequest.FindAsync(queue, Caller.Of(context), left).ConfigureAwait(false);
        // The last first, so that none of them begins when the one before it ends.
        foreach (JobStatus job in current?.Unfinished.Reverse() ?? [])
            await queue.CancelAsync(job.Id, left).ConfigureAwait(false);
        return JsonAnswer.Of(new JsonObject());
    }

    /// <summary>Ends the iteration that runs.</summary>
    public static async Task<IResult> SkipAsync(HttpContext context, IImageJobQueue queue)
    {
        CancellationToken left = context.RequestAborted;
        CurrentRequest? current = await CurrentRequest.FindAsync(queue, Caller.Of(context), left).ConfigureAwait(false);
        if (current is not null) await queue.CancelAsync(current.Job.Id, left).ConfigureAwait(false);
        return JsonAnswer.Null;
    }

    private static double Progress(CurrentRequest request)
    {
        double finished = request.Unfinished.Sum(job => job.TotalSteps > 0 ? (double)job.CompletedSteps / job.TotalSteps : 0);
        return Math.Clamp((request.Id.Count - request.Unfinished.Count + finished) / request.Id.Count, 0, 1);
    }

    private static JsonObject State(CurrentRequest? request) => new()
    {
        ["skipped"] = false, ["interrupted"] = false, ["stopping_generation"] = false, ["job"] = request?.Job.Id ?? "",
        ["job_count"] = request?.Id.Count ?? 0,
        ["job_timestamp"] = request is null ? "0" : GenerationInfo.Timestamp(request.Job.Created.ToLocalTime()),
        ["job_no"] = request?.Id.Number ?? 0, ["sampling_step"] = request?.Job.CompletedSteps ?? 0,
        ["sampling_steps"] = request?.Job.TotalSteps ?? 0,
    };

    /// <summary>Null where the job has ended meanwhile.</summary>
    private static async Task<string?> ReadAsync(IImageStore store, StoredImage preview, CancellationToken cancellationToken)
    {
        Stream? stream = await store.OpenReadAsync(preview.Name, cancellationToken).ConfigureAwait(false);
        if (stream is null) return null;
        await using (stream.ConfigureAwait(false))
        {
            var file = new MemoryStream();
            await stream.CopyToAsync(file, cancellationToken).ConfigureAwait(false);
            return Base64File.Encode(file.GetBuffer().AsSpan(0, (int)file.Length));
        }
    }
}
