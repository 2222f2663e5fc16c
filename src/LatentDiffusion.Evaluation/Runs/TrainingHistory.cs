using System.Text.Json.Serialization;

namespace LatentDiffusion.Evaluation;

/// <summary>The history of a stage of a training run, for the report of an evaluation.</summary>
public sealed record TrainingHistory
{
    private TrainingHistory(string stage, ConvergenceEstimate convergence, LossCurves curves) =>
        (Stage, Convergence, Curves) = (stage, convergence, curves);

    /// <summary>Name of the stage.</summary>
    public string Stage { get; }

    /// <summary>The trend of its validation loss at the end.</summary>
    public ConvergenceEstimate Convergence { get; }

    /// <summary>Its loss curves.</summary>
    [JsonIgnore]
    public LossCurves Curves { get; }

    /// <summary>Reads a run's records, without changing or locking its folder.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="stage">Name of the stage.</param>
    /// <returns>Null if the stage was not validated.</returns>
    /// <exception cref="InvalidDataException">A line of the metrics is not a metric; the message names it.</exception>
    public static TrainingHistory? Read(string folder, string stage)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentException.ThrowIfNullOrEmpty(stage);
        string path = Path.Combine(folder, RunFolder.MetricsFile);
        if (!File.Exists(path)) return null;
        Func<string, IReadOnlyList<MetricPoint>> read = name => MetricLog.Values(path, stage, name);
        return read(MetricNames.ValidationLoss).Count == 0
            ? null
            : new TrainingHistory(stage, Judge(read, null), CurvesOf(stage, read, false));
    }

    /// <summary>Judges the trend from the metrics of a stage, with the decay of its learning rate.</summary>
    internal static ConvergenceEstimate Judge(Func<string, IReadOnlyList<MetricPoint>> read, ConvergenceOptions? options)
    {
        ConvergenceEstimate estimate = Evaluation.Convergence.Judge(read(MetricNames.ValidationLoss), options);
        double[] rates = [.. read(MetricNames.LearningRate).Where(p => p.Step <= estimate.LastStep).Select(p => p.Value)];
        return rates.Length > 0 && rates.Max() > 0 ? estimate with { LearningRateFraction = rates[^1] / rates.Max() } : estimate;
    }

    internal static LossCurves CurvesOf(string stage, Func<string, IReadOnlyList<MetricPoint>> read, bool logarithmic) => new()
    {
        Title = stage,
        Loss = read(MetricNames.Loss),
        LearningRate = read(MetricNames.LearningRate),
        Validation = read(MetricNames.ValidationLoss),
        ValidationMargin = read(MetricNames.ValidationMargin),
        Logarithmic = logarithmic,
    };
}
