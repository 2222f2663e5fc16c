using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using LatentDiffusion.Evaluation;
using LatentDiffusion.Training;

namespace FineTune;

/// <summary>The form of settings in JSON: names in snake_case, unknown ones refused.</summary>
internal static class SettingsJson
{
    /// <summary>Properties of the library's records that follow from the model or from other settings.</summary>
    private static readonly Dictionary<Type, string[]> s_derived = new()
    {
        [typeof(DenoiserTrainingOptions)] =
        [
            nameof(DenoiserTrainingOptions.PredictionType), nameof(DenoiserTrainingOptions.LearnedVariance),
            nameof(DenoiserTrainingOptions.VariationalWeight),
        ],
        [typeof(TrainingOptions)] = [nameof(TrainingOptions.Seed)],
        [typeof(TagShuffling)] = [nameof(TagShuffling.Seed)],
        [typeof(LoraTrainingOptions)] = [nameof(LoraTrainingOptions.Seed)],
        [typeof(ValidationOptions)] = [nameof(ValidationOptions.GuidanceScale)],
    };

    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        AllowOutOfOrderMetadataProperties = true,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters =
        {
            // float32 and bfloat16, not b_float16.
            new JsonStringEnumConverter<TrainingPrecision>(new LowerCase()), new JsonStringEnumConverter<OutputPrecision>(new LowerCase()),
            new JsonStringEnumConverter<OptimizerAlgorithm>(new LowerCase()),
            new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false),
        },
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { WithoutDerived } },
    };

    private static void WithoutDerived(JsonTypeInfo type)
    {
        if (!s_derived.TryGetValue(type.Type, out string[]? derived)) return;
        foreach (string name in derived.Select(JsonNamingPolicy.SnakeCaseLower.ConvertName))
            type.Properties.Remove(type.Properties.Single(property => property.Name == name));
    }

    private sealed class LowerCase : JsonNamingPolicy
    {
        public override string ConvertName(string name) => name.ToLowerInvariant();
    }
}
