using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace LatentDiffusion.Evaluation;

/// <summary>The report as JSON: snake_case names, in the order of the members, without anything that differs between runs.</summary>
internal static class ReportJson
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        TypeInfoResolver = EvaluationJson.Default,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
        WriteIndented = true,
        NewLine = "\n",
    };

    private static readonly JsonTypeInfo<EvaluationReport> s_contract =
        (JsonTypeInfo<EvaluationReport>)s_json.GetTypeInfo(typeof(EvaluationReport));

    public static string Write(EvaluationReport report) => JsonSerializer.Serialize(report, s_contract) + "\n";
}
