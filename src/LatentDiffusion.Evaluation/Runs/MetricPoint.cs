namespace LatentDiffusion.Evaluation;

/// <summary>One value of a metric.</summary>
/// <param name="Step">Training steps done.</param>
/// <param name="Value">The value, finite.</param>
public readonly record struct MetricPoint(long Step, double Value);
