using Microsoft.Extensions.Logging;

namespace LatentDiffusion.Jobs;

/// <summary>
/// Reports the progress of a job and writes its previews while the generation continues. A preview that is still waiting when the next one
/// comes is skipped, so that a slow store does not hold the job up. Deletes all previews at its end.
/// </summary>
internal sealed class PreviewWriter(ImageJob job, IImageStore store, Action<JobProgress>? progress, ILogger logger) : IAsyncDisposable
{
    private const string Folder = "previews";

    // Previews have the library's default codec: PNG in any case, and without texts.
    private static readonly SkiaImageCodec s_codec = new();

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _end = new();
    private readonly string _folder = $"{job.Id}/{Folder}";
    private (ImageBuffer Image, int Step)? _next;
    private JobProgress _last = new(0, 0, null);
    private Task _writing = Task.CompletedTask;

    public void Report(GenerationUpdate update)
    {
        lock (_lock)
        {
            Publish(_last with { CompletedSteps = update.Progress.CompletedSteps, TotalSteps = update.Progress.TotalSteps });
            if (update.Previews is not [{ } preview, ..]) return;
            _next = (preview, update.Progress.CompletedSteps);
            if (_writing.IsCompletedSuccessfully) _writing = Task.Run(WriteAsync);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync().ConfigureAwait(false);
        await _writing.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        if (_writing.Exception is { } failure) logger.PreviewLost(failure.GetBaseException(), job.Id);
        _end.Dispose();
        if (job.PreviewEvery == 0) return;
        try
        {
            // Including those of an earlier attempt, whose process was killed.
            await store.DeleteAsync(_folder).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // The images count more; the previews go with the rest of the job's files.
            logger.NotDeleted(e, _folder);
        }
    }

    private async Task WriteAsync()
    {
        while (!_end.IsCancellationRequested && Take() is var (image, step))
        {
            string name = FormattableString.Invariant($"{_folder}/{step}.png");
            await store.WriteAsync(name, s_codec.EncodePng(image), _end.Token).ConfigureAwait(false);
            lock (_lock) Publish(_last with { Preview = new StoredImage(name, ImageFormat.Png.MediaType, image.Width, image.Height) });
        }
    }

    private (ImageBuffer Image, int Step)? Take()
    {
        lock (_lock)
        {
            (ImageBuffer, int)? taken = _next;
            _next = null;
            if (taken is null) _writing = Task.CompletedTask;
            return taken;
        }
    }

    private void Publish(JobProgress value)
    {
        _last = value;
        progress?.Invoke(value);
    }
}
