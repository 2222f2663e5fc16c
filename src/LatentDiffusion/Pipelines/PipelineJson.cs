using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace LatentDiffusion;

/// <summary>Settings of requests and pipelines as the metadata of images have them.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(ChurnOptions))]
[JsonSerializable(typeof(InpaintingOptions))]
[JsonSerializable(typeof(LatentUpscaling))]
[JsonSerializable(typeof(ImageUpscaling))]
[JsonSerializable(typeof(IReadOnlyList<ControlWeight>))]
[JsonSerializable(typeof(IReadOnlyList<AdapterWeight>))]
[JsonSerializable(typeof(IReadOnlyList<IpAdapterWeight>))]
[JsonSerializable(typeof(SizeConditioningInput))]
[JsonSerializable(typeof(RecordedLora[]))]
[JsonSerializable(typeof(RecordedEmbedding[]))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(double))]
[JsonSerializable(typeof(PromptingOptions))]
[JsonSerializable(typeof(PromptSyntaxOptions))]
[JsonSerializable(typeof(StepCachingOptions))]
[JsonSerializable(typeof(TilingOptions))]
[JsonSerializable(typeof(AdaptiveProjectedGuidanceOptions))]
[JsonSerializable(typeof(ClassifierFreeGuidanceOptions))]
[JsonSerializable(typeof(ConditionalGuidanceOptions))]
[JsonSerializable(typeof(DynamicThresholdingOptions))]
[JsonSerializable(typeof(GuidanceIntervalOptions))]
[JsonSerializable(typeof(PerturbedAttentionOptions))]
[JsonSerializable(typeof(RescaledGuidanceOptions))]
[JsonSerializable(typeof(SkipLayerOptions))]
internal sealed partial class PipelineJson : JsonSerializerContext
{
    /// <summary>Records whose properties have defaults other than zero and null.</summary>
    private static readonly Dictionary<Type, Func<object>> s_makers = new()
    {
        [typeof(InpaintingOptions)] = () => new InpaintingOptions(),
        [typeof(LatentUpscaling)] = () => new LatentUpscaling { Width = 0, Height = 0 },
    };

    /// <summary>How values are read and written.</summary>
    public static JsonSerializerOptions Format { get; } = new()
    {
        TypeInfoResolver = new PipelineJson().WithDefaults(s_makers).WithReflection(),
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        // Churn, and the bounds of guidance, may be infinite.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Converters = { new JsonStringEnumConverter<MaskedContent>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    /// <summary>A value as JSON; null for a type of the application in a program without reflection.</summary>
    public static JsonNode? ToNode(object value) =>
        Format.TryGetTypeInfo(value.GetType(), out var contract) ? JsonSerializer.SerializeToNode(value, contract) : null;
}
