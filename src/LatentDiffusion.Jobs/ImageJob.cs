namespace LatentDiffusion.Jobs;

/// <summary>A request for images as it is queued. Any worker that has the model generates the same images from it.</summary>
public sealed record ImageJob
{
    /// <summary>Identifier of the job. Default: a new one, which sorts by creation time.</summary>
    public string Id { get; init; } = Guid.CreateVersion7().ToString("n");

    /// <summary>Name of the model, one of <see cref="IModelCatalog.Names"/> of a worker.</summary>
    public required string Model { get; init; }

    /// <summary>What to generate. The queue chooses a seed where it has none, so that every attempt gives the same images.</summary>
    public required GenerationRequest Request { get; init; }

    /// <summary>File format of the images. Default PNG, lossless.</summary>
    public ImageFormat Format { get; init; } = ImageFormat.Png;

    /// <summary>Evaluations of the network from one preview to the next; 0, the default, for no previews.</summary>
    public int PreviewEvery { get; init; }

    /// <summary>Who asked, for example the name of an API key. Waiting jobs of different callers take turns. Default empty.</summary>
    public string Caller { get; init; } = "";

    /// <summary>Jobs of a higher priority run before all waiting jobs of a lower one. Default <see cref="JobPriority.Normal"/>.</summary>
    public JobPriority Priority { get; init; } = JobPriority.Normal;

    /// <summary>When the job was created. Default: now.</summary>
    public DateTimeOffset Created { get; init; } = TimeProvider.System.GetUtcNow();
}
