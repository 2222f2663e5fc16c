using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace LatentDiffusion.Jobs;

/// <summary>Runs jobs: generates their images and writes them into the store. Safe for concurrent use.</summary>
/// <param name="models">The pipelines.</param>
/// <param name="store">Receives images and previews.</param>
/// <param name="logger">Receives failures with their details; null for no log.</param>
public sealed class JobRunner(IModelCatalog models, IImageStore store, ILogger<JobRunner>? logger = null)
{
    private readonly ILogger _logger = logger ?? NullLogger<JobRunner>.Instance;

    /// <summary>
    /// Runs a job. Its images are <c>0.png</c>, <c>1.png</c> and so on, after its identifier and <c>/</c>. They have their metadata
    /// without timings: running it again writes the same bytes under the same names, with the same CPU features and number of threads.
    /// Previews are deleted at the end.
    /// </summary>
    /// <param name="job">The job, with a seed.</param>
    /// <param name="progress">Receives progress, on several threads but never at once; null for none.</param>
    /// <param name="cancellationToken">Checked before each evaluation of a network. Files that were written stay.</param>
    /// <returns>The images, or why it failed.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">
    /// The pipeline was disposed, because the process ends. The job may run again elsewhere.
    /// </exception>
    public async Task<JobResult> RunAsync(
        ImageJob job, Action<JobProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(job);
        try
        {
            job.Validate();
            // The first use of a model loads it.
            DiffusionPipeline pipeline = await Task.Run(() => models.Get(job.Model), cancellationToken).ConfigureAwait(false);
            CheckFormat(job, pipeline);
            GenerationResult result = await GenerateAsync(job, pipeline, progress, cancellationToken).ConfigureAwait(false);
            return new JobResult { Images = await StoreAsync(job, result, cancellationToken).ConfigureAwait(false) };
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e) when (e is not ObjectDisposedException)
        {
            var error = JobError.FromException(e);
            if (error.Kind is JobErrorKind.Internal or JobErrorKind.Busy) _logger.Failed(e, job.Id, job.Model);
            else _logger.Refused(job.Id, job.Model, error.Kind);
            return new JobResult { Error = error };
        }
    }

    private async Task<GenerationResult> GenerateAsync(
        ImageJob job, DiffusionPipeline pipeline, Action<JobProgress>? progress, CancellationToken cancellationToken)
    {
        var previews = new PreviewWriter(job, store, progress, _logger);
        await using (previews.ConfigureAwait(false))
        {
            GenerationResult? result = null;
            await foreach (GenerationUpdate update in pipeline.GenerateStreamingAsync(job.Request, job.PreviewEvery, cancellationToken)
                .ConfigureAwait(false))
            {
                previews.Report(update);
                result = update.Result;
            }

            return result!;
        }
    }

    private async Task<IReadOnlyList<StoredImage>> StoreAsync(ImageJob job, GenerationResult result, CancellationToken cancellationToken)
    {
        var images = new List<StoredImage>();
        foreach (GeneratedImage image in result.Images)
        {
            byte[] file = image.Encode(job.Format.MediaType, job.Format.Quality, timings: false, job.Format.Metadata);
            var stored = new StoredImage(
                FormattableString.Invariant($"{job.Id}/{images.Count}{job.Format.Extension}"), job.Format.MediaType.ToLowerInvariant(),
                image.Image.Width, image.Image.Height, image.Seed);
            await store.WriteAsync(stored.Name, file, cancellationToken).ConfigureAwait(false);
            images.Add(stored);
        }

        return images;
    }

    private static void CheckFormat(ImageJob job, DiffusionPipeline pipeline)
    {
        if (pipeline.MediaTypes.Contains(job.Format.MediaType, StringComparer.OrdinalIgnoreCase)) return;
        throw new ArgumentException(
            $"Format is '{MessageText.Truncate(job.Format.MediaType, 100)}'; expected one of {string.Join(", ", pipeline.MediaTypes)}.",
            nameof(job.Format));
    }
}
