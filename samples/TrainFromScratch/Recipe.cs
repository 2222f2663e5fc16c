using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using LatentDiffusion;
using LatentDiffusion.Data;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Models;
using LatentDiffusion.Networks;
using LatentDiffusion.Schedulers;
using LatentDiffusion.Training;

namespace TrainFromScratch;

/// <summary>All that a training run follows from: the networks, the schedule, the data and how long each part trains.</summary>
internal sealed record Recipe
{
    public ulong Seed { get; init; } = 1;

    [Range(514, 1_000_000)]
    public int VocabularySize { get; init; } = 1024;

    /// <summary>How many drawings are encoded once for the denoiser to learn from.</summary>
    [Range(1, long.MaxValue)]
    public long Latents { get; init; } = 24_000;

    /// <summary>Width and height that pictures of the user's are brought to, a multiple of the autoencoder's downsampling factor.</summary>
    [Range(16, 4096)]
    public int ImageSize { get; init; } = 128;

    /// <summary>Whether pictures of the user's are also trained on with left and right exchanged.</summary>
    public bool Mirror { get; init; } = true;

    /// <summary>Most steps between two validations; short runs validate more often.</summary>
    [Range(1, long.MaxValue)]
    public long ValidateEvery { get; init; } = 250;

    /// <summary>What is validated on.</summary>
    public ValidationOptions Validation { get; init; } = new();

    /// <summary>Share of the hours given that the autoencoder's training takes.</summary>
    [Range(0.01, 0.9)]
    public double AutoencoderShare { get; init; } = 0.25;

    /// <summary>Pictures of each prompt on the contact sheet at the end; 0 for no sheet.</summary>
    [Range(0, 64)]
    public int SheetColumns { get; init; } = 4;

    public required AutoencoderKLConfig Autoencoder { get; init; }

    public required AutoencoderTrainingOptions AutoencoderObjective { get; init; }

    /// <summary>The adversary's network, where the objective gives it a weight; null for the library's defaults.</summary>
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
            // All of it now: what is wrong with the last stage should not be found after hours of the first.
            object[] parts =
            [
                recipe, recipe.Validation, recipe.AutoencoderObjective, recipe.AutoencoderTraining, recipe.AutoencoderTraining.Optimizer,
                recipe.DenoiserObjective, recipe.DenoiserObjective.Weighting, recipe.DenoiserObjective.Timesteps, recipe.DenoiserTraining, recipe.DenoiserTraining.Optimizer,
            ];
            foreach (object part in parts) Validator.ValidateObject(part, new ValidationContext(part), validateAllProperties: true);
            // Networks look at their configurations when they are built.
            recipe.Autoencoder.Build().Dispose();
            recipe.Discriminator?.Build().Dispose();
            recipe.Unet.Build().Dispose();
            recipe.TextEncoder.Build().Dispose();
            int text = recipe.Unet.EncoderHidDim ?? recipe.Unet.CrossAttentionDim[0], outputs = recipe.Unet.InChannels * (recipe.DenoiserObjective.LearnedVariance ? 2 : 1);
            if (text != recipe.TextEncoder.HiddenSize)
                throw new InvalidDataException($"In the recipe '{path}' the unet reads texts of width {text}, and the text_encoder's hidden_size is {recipe.TextEncoder.HiddenSize}; expected the same.");
            if (recipe.Unet.OutChannels != outputs)
                throw new InvalidDataException($"In the recipe '{path}' the unet has {recipe.Unet.OutChannels} out_channels; with {recipe.Unet.InChannels} in_channels and learned_variance {recipe.DenoiserObjective.LearnedVariance} expected {outputs}.");
            PredictionType sampled = DiffusionProcess.Of(Chosen(recipe.Scheduler)).PredictionType;
            if (sampled != recipe.DenoiserObjective.PredictionType)
                throw new InvalidDataException($"In the recipe '{path}' denoiser_objective predicts {recipe.DenoiserObjective.PredictionType}, and the scheduler samples {sampled}; expected the same.");
            return recipe;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"The recipe '{path}' cannot be read: {e.Message}", e);
        }
        catch (Exception e) when (e is ValidationException or ArgumentException)
        {
            throw new InvalidDataException($"The recipe '{path}' has a value that is no good: {e.Message}", e);
        }
    }

    /// <summary>The scheduler as a program sets it: an option that its class does not have is refused, not ignored as in a published file.</summary>
    private static SchedulerConfig Chosen(JsonObject scheduler)
    {
        SchedulerConfig config = SchedulerConfig.Empty;
        if (scheduler["_class_name"] is JsonValue name) config = config.WithClass(name.ToString());
        return scheduler.Where(option => !option.Key.StartsWith('_')).Aggregate(config, (chosen, option) => chosen.With(option.Key, option.Value));
    }
}
