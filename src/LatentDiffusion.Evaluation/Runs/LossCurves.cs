namespace LatentDiffusion.Evaluation;

/// <summary>What a plot of losses shows; each list in the order of its steps.</summary>
public sealed record LossCurves
{
    /// <summary>What is trained. Default empty.</summary>
    public string Title { get; init; } = "";

    /// <summary>Training loss: drawn faint as it is, and smoothed over it.</summary>
    public IReadOnlyList<MetricPoint> Loss { get; init; } = [];

    /// <summary>Validation losses, drawn as points.</summary>
    public IReadOnlyList<MetricPoint> Validation { get; init; } = [];

    /// <summary>Half widths of their confidence intervals, drawn as bars at the points of the same steps.</summary>
    public IReadOnlyList<MetricPoint> ValidationMargin { get; init; } = [];

    /// <summary>Learning rate, on the second axis.</summary>
    public IReadOnlyList<MetricPoint> LearningRate { get; init; } = [];

    /// <summary>Whether the loss axis is logarithmic. Losses of 0 and less are then left out. Default false.</summary>
    public bool Logarithmic { get; init; }

    /// <summary>The smoothed training loss: a mean over the points before, weights falling exponentially over a fiftieth of the curve.</summary>
    public IReadOnlyList<MetricPoint> Smoothed()
    {
        double keep = 1 - 1 / Math.Max(5, Loss.Count / 50.0), sum = 0, weight = 0;
        var smooth = new MetricPoint[Loss.Count];
        for (int i = 0; i < smooth.Length; i++)
        {
            sum = keep * sum + (1 - keep) * Loss[i].Value;
            weight = keep * weight + (1 - keep);
            smooth[i] = Loss[i] with { Value = sum / weight };
        }

        return smooth;
    }
}
