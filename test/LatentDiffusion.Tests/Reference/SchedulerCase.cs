using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace LatentDiffusion.Tests.Reference;

/// <summary>One trajectory of a reference file.</summary>
public sealed class SchedulerCase(JsonElement json)
{
    public string ClassName => json.GetProperty("scheduler").GetString()!;

    public string Config => json.GetProperty("config").GetRawText();

    public int Steps => json.GetProperty("steps").GetInt32();

    public ulong Seed => json.GetProperty("seed").GetUInt64();

    public long[] Shape => [.. json.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64())];

    public double InitialNoiseSigma => json.GetProperty("init_noise_sigma").GetDouble();

    public double[] Timesteps => Numbers("timesteps");

    public double[] Initial => Numbers("initial");

    public double[][] Trajectory => [.. json.GetProperty("trajectory").EnumerateArray().Select(Numbers)];

    public (double Timestep, ulong NoiseSeed, double[] Result)? AddNoise => json.TryGetProperty("add_noise", out JsonElement noise)
        && noise.ValueKind == JsonValueKind.Object
        ? (noise.GetProperty("timestep").GetDouble(), noise.GetProperty("noise_seed").GetUInt64(), Numbers(noise.GetProperty("result")))
        : null;

    public double[]? Velocity => json.TryGetProperty("velocity", out JsonElement velocity) && velocity.ValueKind == JsonValueKind.Array
        ? Numbers(velocity) : null;

    public NoiseScheduler Scheduler
    {
        get
        {
            SchedulerConfig config = SchedulerConfig.Parse(Config).WithClass(ClassName);
            return ClassName switch
            {
                LmsScheduler.ClassName when Argument("order") is { } order => new LmsScheduler(config) { Order = order.GetInt32() },
                DdimScheduler.ClassName when Argument("use_clipped_model_output") is { } clipped =>
                    new DdimScheduler(config) { UseClippedModelOutput = clipped.GetBoolean() },
                _ => NoiseScheduler.FromConfig(config),
            };
        }
    }

    /// <summary>All cases of all scheduler files of the reference folder.</summary>
    public static IEnumerable<SchedulerCase> All => Directory.EnumerateFiles(ReferenceFolder.Path, "schedulers*.json").Order()
        .SelectMany(file =>
    {
        // Python writes numbers that are not finite without quotes.
        JsonElement root = JsonElement.Parse(Regex.Replace(File.ReadAllText(file), @"(?<=[\[,:]\s*)-?(NaN|Infinity)", "\"$0\""));
        return root.GetProperty("cases").EnumerateArray().Select(e => new SchedulerCase(e));
    });

    public SamplingOptions Options()
    {
        SamplingOptions options = new() { Steps = Steps };
        if (json.TryGetProperty("set_args", out JsonElement settings))
        {
            foreach (JsonProperty setting in settings.EnumerateObject())
            {
                options = setting.Name switch
                {
                    "mu" => options with { Mu = setting.Value.GetDouble() },
                    "sigmas" => options with { Sigmas = Numbers(setting.Value) },
                    _ => throw new InvalidDataException($"The reference has a setting '{setting.Name}' that this test does not know."),
                };
            }
        }

        if (!json.TryGetProperty("step_args", out JsonElement arguments)) return options;
        foreach (JsonProperty argument in arguments.EnumerateObject())
        {
            if (argument.Name is "order" or "use_clipped_model_output") continue;
            double value = argument.Value.ValueKind == JsonValueKind.String
                ? double.Parse(argument.Value.GetString()!, CultureInfo.InvariantCulture) : argument.Value.GetDouble();
            ChurnOptions churn = options.Churn ?? new ChurnOptions();
            options = argument.Name switch
            {
                "eta" => options with { Eta = value },
                "s_churn" => options with { Churn = churn with { Churn = value } },
                "s_tmin" => options with { Churn = churn with { MinimumSigma = value } },
                "s_tmax" => options with { Churn = churn with { MaximumSigma = value } },
                "s_noise" => options with { Churn = churn with { NoiseScale = value } },
                _ => throw new InvalidDataException($"The reference has a step argument '{argument.Name}' that this test does not know."),
            };
        }

        return options;
    }

    public override string ToString() => $"{ClassName} {Config} {Steps} steps{Settings}";

    private string Settings => json.TryGetProperty("set_args", out JsonElement settings) ? $" {settings.GetRawText()}" : "";

    /// <summary>An argument of the step that is the scheduler's own here.</summary>
    private JsonElement? Argument(string name) =>
        json.TryGetProperty("step_args", out JsonElement arguments) && arguments.TryGetProperty(name, out JsonElement value) ? value : null;

    private double[] Numbers(string name) => Numbers(json.GetProperty(name));

    private static double[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(e =>
        e.ValueKind == JsonValueKind.String ? double.Parse(e.GetString()!, CultureInfo.InvariantCulture) : e.GetDouble())];
}
