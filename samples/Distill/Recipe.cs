using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LatentDiffusion.Training;

namespace Distill;

/// <summary>All settings of a distillation, except the teacher and the images.</summary>
internal sealed record Recipe
{
    public ulong Seed { get; init; } = 1;

    /// <summary>Number of images to encode.</summary>
    [Range(1, long.MaxValue)]
    public long Latents { get; init; } = 24_000;

    /// <summary>
    /// Adapters of the teacher's network to train instead of a whole student, without a guidance embedding; null for a student.
    /// </summary>
    public LoraTrainingOptions? Adapters { get; init; }

    /// <summary>Width of the student's guidance embedding; null for a student with a fixed guidance scale.</summary>
    [Range(4, 65_536)]
    public int? GuidanceWidth { get; init; } = ConsistencyStudent.PublishedGuidanceWidth;

    /// <summary>Steps of the student on the sheet at the end.</summary>
    [Range(1, 1000)]
    public int SheetSteps { get; init; } = 4;

    /// <summary>Images per prompt on that sheet; 0 for no sheet.</summary>
    [Range(0, 64)]
    public int SheetColumns { get; init; } = 4;

    public required ConsistencyTrainingOptions Objective { get; init; }

    public required TrainingOptions Training { get; init; }

    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public JsonObject ToJson() => JsonSerializer.SerializeToNode(this, s_json)!.AsObject();

    public static Recipe Read(string path)
    {
        try
        {
            Recipe recipe = JsonSerializer.Deserialize<Recipe>(File.ReadAllText(path), s_json)
                ?? throw new InvalidDataException($"The recipe '{path}' is empty.");
            // Validated now: an error in the sheet's settings should not appear after hours of training.
            object?[] parts = [recipe, recipe.Objective, recipe.Training, recipe.Training.Optimizer, recipe.Adapters];
            foreach (object part in parts.OfType<object>())
                Validator.ValidateObject(part, new ValidationContext(part), validateAllProperties: true);
            return recipe is { Adapters: not null, GuidanceWidth: { } width }
                ? throw new InvalidDataException(
                    $"The recipe '{path}' has adapters and a guidance_width of {width}; it must be null, because adapters add no layers.")
                : recipe;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The recipe '{path}' cannot be read: {e.Message}", e);
        }
        catch (ValidationException e)
        {
            throw new InvalidDataException($"The recipe '{path}' has an invalid value: {e.Message}", e);
        }
    }
}
