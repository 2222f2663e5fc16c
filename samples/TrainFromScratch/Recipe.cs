using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LatentDiffusion;
using LatentDiffusion.Evaluation;

namespace TrainFromScratch;

/// <summary>All that a training run follows from: the networks, the schedule, the data and how long each part trains.</summary>
internal sealed record Recipe
{
    public ulong Seed { get; init; } = 1;

    public int VocabularySize { get; init; } = 1024;

    /// <summary>How many drawings are encoded once for the denoiser to learn from.</summary>
    public long Latents { get; init; } = 24_000;

    /// <summary>Width and height that pictures of the user's are brought to, a multiple of the autoencoder's downsampling factor.</summary>
    public int ImageSize { get; init; } = 128;

    /// <summary>Whether pictures of the user's are also trained on with left and right exchanged.</summary>
    public bool Mirror { get; init; } = true;

    /// <summary>Most steps between two validations; short runs validate more often.</summary>
    public long ValidateEvery { get; init; } = 250;

    /// <summary>What is validated on.</summary>
    public ValidationOptions Validation { get; init; } = new();

    /// <summary>Share of the hours given that the autoencoder's training takes.</summary>
    public double AutoencoderShare { get; init; } = 0.25;

    /// <summary>Pictures of each prompt on the contact sheet at the end; 0 for no sheet.</summary>
    public int SheetColumns { get; init; } = 4;

    public required AutoencoderKLConfig Autoencoder { get; init; }

    public required AutoencoderTrainingOptions AutoencoderObjective { get; init; }

    public required TrainingOptions AutoencoderTraining { get; init; }

    public required UNet2DConditionConfig Unet { get; init; }

    public required ClipTextConfig TextEncoder { get; init; }

    public required JsonObject Scheduler { get; init; }

    public required DenoiserTrainingOptions DenoiserObjective { get; init; }

    public required TrainingOptions DenoiserTraining { get; init; }

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        ReadCommentHandling = JsonCommentHandling.Skip,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public JsonObject ToJson() => JsonSerializer.SerializeToNode(this, s_json)!.AsObject();

    public static Recipe Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<Recipe>(File.ReadAllText(path), s_json)
                ?? throw new InvalidDataException($"The recipe '{path}' is empty.");
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The recipe '{path}' cannot be read: {e.Message}", e);
        }
    }
}
