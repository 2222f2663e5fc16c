using System.Text.Json.Serialization;

namespace LatentDiffusion.Evaluation;

/// <summary>Reports, and what the processes of an evaluation exchange, as JSON.</summary>
[JsonSourceGenerationOptions(GenerationMode = JsonSourceGenerationMode.Metadata)]
[JsonSerializable(typeof(EvaluationReport))]
[JsonSerializable(typeof(PromptAdherence.Scored[]))]
internal sealed partial class EvaluationJson : JsonSerializerContext;
