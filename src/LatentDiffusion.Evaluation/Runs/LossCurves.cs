namespace LatentDiffusion.Evaluation;

/// <summary>Loss curves for a plot; each list is in the order of its steps.</summary>
public sealed record LossCurves
{
    /// <summary>Title, for example the stage. Default empty.</summary>
    public string Title { get; init; } = "";

    /// <summary>Training loss: drawn faint, with the smoothed curve over it.</summary>
    public IReadOnlyList<MetricPoint> Loss { get; init; } = [];

    /// <summary>Validation losses, drawn as points.</summary>
    public IReadOnlyList<MetricPoint> Validation { get; init; } = [];

    /// <summary>Half widths of the validations' confidence intervals, drawn as bars at the points of the same steps.</summary>
    public IReadOnlyList<MetricPoint> ValidationMargin { get; init; } = [];

    /// <summary>Learning rate, on the second axis.</summary>
    public IReadOnlyList<MetricPoint> LearningRate { get; init; } = [];

    /// <summary>Whether the loss axis is logarithmic. Losses of 0 or less are then left out. Default false.</summary>
    public bool Logarithmic { get; init; }

    /// <summary>
    /// The smoothed training loss: a mean of preceding points with weights that fall exponentially over a fiftieth of the curve.
    /// </summary>
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
