using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Models;
using LatentDiffusion.Networks;
using LatentDiffusion.Schedulers;
using LatentDiffusion.Training;

namespace TrainFromScratch;

/// <summary>All settings of a training run: networks, schedule, data, and the duration of each part.</summary>
internal sealed record Recipe
{
    public ulong Seed { get; init; } = 1;

    [Range(514, 1_000_000)]
    public int VocabularySize { get; init; } = 1024;

    /// <summary>Number of drawings to encode for the denoiser.</summary>
    [Range(1, long.MaxValue)]
    public long Latents { get; init; } = 24_000;

    /// <summary>
    /// Width and height of the training images in pixels, a multiple of the autoencoder's downsampling factor: drawings are drawn in
    /// this size, and the user's images are resized to it.
    /// </summary>
    [Range(16, 4096)]
    public int ImageSize { get; init; } = 128;

    /// <summary>Whether the user's images are also trained on mirrored.</summary>
    public bool Mirror { get; init; } = true;

    /// <summary>Maximum steps between two validations; short runs validate more often.</summary>
    [Range(1, long.MaxValue)]
    public long ValidateEvery { get; init; } = 250;

    /// <summary>Extent of a validation.</summary>
    public ValidationOptions Validation { get; init; } = new();

    /// <summary>Fraction of the given hours for training the autoencoder.</summary>
    [Range(0.01, 0.9)]
    public double AutoencoderFraction { get; init; } = 0.25;

    /// <summary>Images per prompt on the sample sheet at the end; 0 for no sheet.</summary>
    [Range(0, 64)]
    public int SheetColumns { get; init; } = 4;

    public required AutoencoderKLConfig Autoencoder { get; init; }

    public required AutoencoderTrainingOptions AutoencoderObjective { get; init; }

    /// <summary>The discriminator's network, if the adversarial weight is not 0; null for the library's defaults.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public PatchDiscriminatorConfig? Discriminator { get; init; }

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
        RespectNullableAnnotations = true,
        ReadCommentHandling = JsonCommentHandling.Skip,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public JsonObject ToJson() => JsonSerializer.SerializeToNode(this, s_json)!.AsObject();

    public static Recipe Read(string path)
    {
        try
        {
            Recipe recipe = JsonSerializer.Deserialize<Recipe>(File.ReadAllText(path), s_json)
                ?? throw new InvalidDataException($"The recipe '{path}' is empty.");
            // Validated now: an error in the last stage should not appear after hours of the first.
            object[] parts =
            [
                recipe, recipe.Validation, recipe.AutoencoderObjective, recipe.AutoencoderTraining, recipe.AutoencoderTraining.Optimizer,
                recipe.DenoiserObjective, recipe.DenoiserObjective.Weighting, recipe.DenoiserObjective.Timesteps,
                recipe.DenoiserTraining, recipe.DenoiserTraining.Optimizer,
            ];
            foreach (object part in parts) Validator.ValidateObject(part, new ValidationContext(part), validateAllProperties: true);
            // Networks validate their configurations when they are built.
            recipe.Autoencoder.Build().Dispose();
            recipe.Discriminator?.Build().Dispose();
            recipe.Unet.Build().Dispose();
            recipe.TextEncoder.Build().Dispose();
            int text = recipe.Unet.EncoderHidDim ?? recipe.Unet.CrossAttentionDim[0];
            if (text != recipe.TextEncoder.HiddenSize)
            {
                throw new InvalidDataException(
                    $"In the recipe '{path}' the unet reads texts of width {text}, and the text_encoder's hidden_size is "
                    + $"{recipe.TextEncoder.HiddenSize}; expected the same.");
            }

            int outputs = recipe.Unet.InChannels * (recipe.DenoiserObjective.LearnedVariance ? 2 : 1);
            if (recipe.Unet.OutChannels != outputs)
            {
                throw new InvalidDataException(
                    $"In the recipe '{path}' the unet has {recipe.Unet.OutChannels} out_channels; with {recipe.Unet.InChannels} "
                    + $"in_channels and learned_variance {recipe.DenoiserObjective.LearnedVariance} expected {outputs}.");
            }

            PredictionType sampled = DiffusionProcess.FromConfig(Chosen(recipe.Scheduler)).PredictionType;
            if (sampled != recipe.DenoiserObjective.PredictionType)
            {
                throw new InvalidDataException(
                    $"In the recipe '{path}' denoiser_objective predicts {recipe.DenoiserObjective.PredictionType}, and the scheduler "
                    + $"samples {sampled}; expected the same.");
            }

            return recipe;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The recipe '{path}' cannot be read: {e.Message}", e);
        }
        catch (Exception e) when (e is ValidationException or ArgumentException)
        {
            throw new InvalidDataException($"The recipe '{path}' has an invalid value: {e.Message}", e);
        }
    }

    /// <summary>The scheduler's configuration. Unlike in a published file, unknown options are refused, not ignored.</summary>
    private static SchedulerConfig Chosen(JsonObject scheduler)
    {
        SchedulerConfig config = SchedulerConfig.Empty;
        if (scheduler["_class_name"] is JsonValue name) config = config.WithClass(name.ToString());
        return scheduler
            .Where(option => !option.Key.StartsWith('_'))
            .Aggregate(config, (chosen, option) => chosen.With(option.Key, option.Value));
    }
}
