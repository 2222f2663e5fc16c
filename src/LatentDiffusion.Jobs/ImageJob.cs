using System.Globalization;

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

    /// <summary>The most characters of <see cref="Caller"/> and <see cref="Model"/>.</summary>
    public const int MaximumNameLength = 200;

    /// <summary>Checks what can be checked without the model. Queues call it.</summary>
    /// <exception cref="ArgumentException">A value is missing or out of range; the message names it.</exception>
    public void Validate()
    {
        Check(StoredName.IsValidPart(Id), nameof(Id), Id, "letters, digits, '-', '_' and '.', with a letter or digit at both ends");
        Check(Model is { Length: > 0 and <= MaximumNameLength }, nameof(Model), Model, $"1 to {MaximumNameLength} characters");
        Check(Request is not null, nameof(Request), null, "a request");
        Check(Format?.MediaType is { Length: > 0 and <= MaximumNameLength }, nameof(Format), Format?.MediaType, "a media type");
        Check(
            Format!.Quality is null or (>= ImageQuality.Minimum and <= ImageQuality.Maximum), nameof(Format.Quality), Format.Quality,
            $"{ImageQuality.Minimum} to {ImageQuality.Maximum}, or null");
        Check(PreviewEvery >= 0, nameof(PreviewEvery), PreviewEvery, "0 or more");
        Check(Caller is { Length: <= MaximumNameLength }, nameof(Caller), Caller, $"at most {MaximumNameLength} characters");
        Check(Enum.IsDefined(Priority), nameof(Priority), Priority, string.Join(", ", Enum.GetNames<JobPriority>()));
    }

    /// <summary>The job with a seed: that of the request, or a new one.</summary>
    public ImageJob WithSeed() =>
        Request.Seed is not null ? this : this with { Request = Request with { Seed = (ulong)Random.Shared.NextInt64() } };

    private static void Check(bool holds, string name, object? value, string expected)
    {
        if (holds) return;
        string text = MessageText.Truncate(Convert.ToString(value, CultureInfo.InvariantCulture) ?? "null", 100);
        throw new ArgumentException($"{name} is '{text}'; expected {expected}.", name);
    }
}
