using System.Runtime.CompilerServices;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>Runs jobs and answers with their images, at once or as events.</summary>
internal sealed class ImageAnswers(
    JobWatcher jobs, ReferenceModels models, IImageStore store, TimeProvider time, IOptions<LatentDiffusionServerOptions> options,
    ILogger<ImageEventStream> logger)
{
    /// <summary>Runs a job.</summary>
    /// <param name="context">The request.</param>
    /// <param name="job">The job.</param>
    /// <param name="body">The fields of the request.</param>
    /// <param name="eventName">The first part of the names of events: <c>image_generation</c> or <c>image_edit</c>.</param>
    /// <param name="otherwise">The request to run if the model refuses the job's reference images; null for none.</param>
    /// <exception cref="RequestException">The job failed or was cancelled.</exception>
    public async Task<IResult> CreateAsync(
        HttpContext context, ImageJob job, ImageRequestBody body, string eventName, GenerationRequest? otherwise = null)
    {
        IAsyncEnumerable<JobStatus> statuses = RunAsync(job, otherwise, context.RequestAborted);
        if (body.Stream is true)
        {
            var events = new ImageEvents(store, time, eventName, body.Quality ?? "auto", body.PartialImages ?? 0);
            return new ImageEventStream(statuses, events, time, options.Value.MaximumRequestBytes, logger);
        }

        JobStatus? last = null;
        await foreach (JobStatus status in statuses.ConfigureAwait(false)) last = status;
        if (last is not { State: JobState.Completed, Images.Count: > 0 }) throw OpenAIErrorMapping.Instance.FromJob(last);
        var data = new List<ImageData>();
        foreach (StoredImage image in last.Images)
        {
            bool isLink = body.ResponseFormat == "url";
            data.Add(new ImageData
            {
                Seed = image.Seed, Url = isLink ? ImageUrls.Create(context.Request, image) : null,
                File = isLink ? null : await store.ReadAsync(image, context.RequestAborted).ConfigureAwait(false)
                    ?? throw new InvalidOperationException($"The store has no file '{image.Name}' of a completed job."),
            });
        }

        StoredImage first = last.Images[0];
        var response = new ImagesResponse
        {
            Created = time.GetUtcNow().ToUnixTimeSeconds(), Data = data, OutputFormat = ImageFieldRules.FormatName(first.MediaType),
            Quality = body.Quality ?? "auto", Size = $"{first.Width}x{first.Height}",
        };
        return TypedResults.Json(response, OpenAIJson.Default.ImagesResponse);
    }

    private async IAsyncEnumerable<JobStatus> RunAsync(
        ImageJob job, GenerationRequest? otherwise, [EnumeratorCancellation] CancellationToken left)
    {
        bool isRefused = false;
        await foreach (JobStatus status in jobs.RunAsync(job, left).ConfigureAwait(false))
        {
            isRefused = otherwise is not null
                && status.Error is { Kind: JobErrorKind.InvalidRequest, Parameter: nameof(GenerationRequest.ReferenceImages) };
            if (otherwise is not null && status.State == JobState.Completed) models.Learn(job.Model, readsReferences: true);
            if (!isRefused) yield return status;
        }

        if (!isRefused) yield break;
        models.Learn(job.Model, readsReferences: false);
        ImageJob second = job with { Id = Guid.CreateVersion7().ToString("n"), Request = otherwise! };
        await foreach (JobStatus status in jobs.RunAsync(second, left).ConfigureAwait(false)) yield return status;
    }
}
