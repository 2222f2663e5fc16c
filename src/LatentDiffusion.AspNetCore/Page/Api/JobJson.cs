using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace LatentDiffusion.AspNetCore.Page;

/// <summary>A job as the API shows it. Null properties are left out.</summary>
internal sealed record JobJson(
    string Id, string Model, JobState State, DateTimeOffset Created, DateTimeOffset? Started, DateTimeOffset? Ended, int? Position,
    int CompletedSteps, int TotalSteps, int Attempts, ImageJson? Preview, IReadOnlyList<ImageJson> Images, JobErrorJson? Error)
{
    /// <summary>Names as in metadata, and names of states in the same form.</summary>
    public static JsonSerializerOptions Options { get; } = new(JsonSerializerDefaults.Web)
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static JobJson Create(JobStatus job) => new(
        job.Id, job.Model, job.State, job.Created, job.Started, job.Ended, job.Position, job.CompletedSteps, job.TotalSteps,
        job.Attempts,
        job.Preview is { } preview ? ImageJson.Create(preview) : null,
        [.. job.Images.Select(ImageJson.Create)],
        job.Error is { } error ? new JobErrorJson(error.Kind, error.Message, error.Parameter) : null);
}

/// <summary>An image of a job, which <c>/api/images/{name}</c> has. The seed is a text, because JavaScript would round it.</summary>
internal sealed record ImageJson(string Name, string MediaType, int Width, int Height, string? Seed)
{
    public static ImageJson Create(StoredImage image) =>
        new(image.Name, image.MediaType, image.Width, image.Height, image.Seed?.ToString(CultureInfo.InvariantCulture));
}

/// <summary>Why a job failed.</summary>
internal sealed record JobErrorJson(JobErrorKind Kind, string Message, string? Parameter);

/// <summary>A list of jobs.</summary>
internal sealed record JobListJson(IReadOnlyList<JobJson> Jobs);

/// <summary>The file of a preview, in Base64.</summary>
internal sealed record PreviewJson(string MediaType, int Width, int Height, byte[] Data);
