using System.Text.Json;
using System.Text.Json.Serialization;

namespace LatentDiffusion.Jobs.Hangfire;

/// <summary>
/// A job as JSON: the settings of its request as image metadata has them, and its images as PNG. A worker of the same version of the
/// library reads the same job.
/// </summary>
internal sealed record JobDocument
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(allowIntegerValues: false) },
    };

    public required string Id { get; init; }

    public required string Model { get; init; }

    public required string Caller { get; init; }

    public required JobPriority Priority { get; init; }

    public required DateTimeOffset Created { get; init; }

    public required ImageFormat Format { get; init; }

    public required int PreviewEvery { get; init; }

    public required string Prompt { get; init; }

    public required string NegativePrompt { get; init; }

    public required int ImageCount { get; init; }

    public TimeSpan? TimeLimit { get; init; }

    public required Dictionary<string, string> Settings { get; init; }

    public required DocumentImages Images { get; init; }

    /// <summary>Writes a job.</summary>
    /// <exception cref="ArgumentException">The request has embeddings.</exception>
    public static byte[] Write(ImageJob job)
    {
        GenerationRequest request = job.Request;
        var document = new JobDocument
        {
            Id = job.Id, Model = job.Model, Caller = job.Caller, Priority = job.Priority, Created = job.Created, Format = job.Format,
            PreviewEvery = job.PreviewEvery, Prompt = request.Prompt, NegativePrompt = request.NegativePrompt,
            ImageCount = request.ImageCount, TimeLimit = request.TimeLimit, Images = DocumentImages.FromRequest(request),
            Settings = new(GenerationMetadata.FromRequest(request)),
        };
        return JsonSerializer.SerializeToUtf8Bytes(document, s_json);
    }

    /// <summary>Reads a job.</summary>
    /// <exception cref="InvalidDataException">The bytes are not a job of this version of the library.</exception>
    public static ImageJob Read(byte[] json)
    {
        try
        {
            JobDocument document = JsonSerializer.Deserialize<JobDocument>(json, s_json) ?? throw new JsonException("It is null.");
            return new ImageJob
            {
                Id = document.Id, Model = document.Model, Caller = document.Caller, Priority = document.Priority,
                Created = document.Created, Format = document.Format, PreviewEvery = document.PreviewEvery,
                Request = document.ReadRequest(),
            };
        }
        catch (Exception e) when (e is JsonException or NotSupportedException or FormatException)
        {
            throw new InvalidDataException("The job cannot be read; it may have been queued by another version of the library.", e);
        }
    }

    private GenerationRequest ReadRequest()
    {
        // A prompt may be any text, and metadata of images must not be: other programs write graphs there.
        Settings["prompt"] = "";
        GenerationRequest request = GenerationMetadata.ToRequest(Settings, Images.ToInputs());
        return request with { Prompt = Prompt, NegativePrompt = NegativePrompt, ImageCount = ImageCount, TimeLimit = TimeLimit };
    }
}
