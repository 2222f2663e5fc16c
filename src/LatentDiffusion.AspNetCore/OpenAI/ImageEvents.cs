namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>Makes the events of one job from its statuses.</summary>
/// <param name="store">Has the images and previews.</param>
/// <param name="time">The clock.</param>
/// <param name="name">The first part of the names of events.</param>
/// <param name="quality">The quality that was asked for.</param>
/// <param name="partialImages">The number of partial images.</param>
internal sealed class ImageEvents(IImageStore store, TimeProvider time, string name, string quality, int partialImages)
{
    private int _partialImages;

    /// <summary>
    /// The event of a status's preview; null where none is due. Partial images are spread over all steps of the job: of three, the first
    /// is due after a quarter of them.
    /// </summary>
    public async Task<ImageEvent?> PartialAsync(JobStatus status, CancellationToken cancellationToken)
    {
        bool isDue = status is { Preview: not null, HasEnded: false, TotalSteps: > 0 } && _partialImages < partialImages
            && (long)status.CompletedSteps * (partialImages + 1) >= (long)status.TotalSteps * (_partialImages + 1);
        if (!isDue) return null;
        // A later preview may have replaced the file, or the job's end may have removed it.
        byte[]? file = await store.ReadAsync(status.Preview!, cancellationToken).ConfigureAwait(false);
        return file is null ? null : Create("partial_image", status.Preview!, file) with { PartialImageIndex = _partialImages++ };
    }

    /// <summary>The event of an image of a completed job.</summary>
    /// <exception cref="InvalidOperationException">The store does not have the image.</exception>
    public async Task<ImageEvent> CompletedAsync(StoredImage image, CancellationToken cancellationToken)
    {
        byte[] file = await store.ReadAsync(image, cancellationToken).ConfigureAwait(false)
            ?? throw new InvalidOperationException($"The store has no file '{image.Name}' of a completed job.");
        return Create("completed", image, file) with { Usage = new TokenUsage(), Seed = image.Seed };
    }

    private ImageEvent Create(string kind, StoredImage image, byte[] file) => new()
    {
        Type = $"{name}.{kind}", File = file, CreatedAt = time.GetUtcNow().ToUnixTimeSeconds(), Size = $"{image.Width}x{image.Height}",
        Quality = quality, OutputFormat = ImageFieldRules.FormatName(image.MediaType),
    };
}
