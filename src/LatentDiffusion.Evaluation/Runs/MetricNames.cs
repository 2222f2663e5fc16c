namespace LatentDiffusion.Evaluation;

/// <summary>Names of the metrics that the library records in <c>metrics.jsonl</c> and for TensorBoard.</summary>
public static class MetricNames
{
    /// <summary>Training loss of one step.</summary>
    public const string Loss = "loss";

    /// <summary>Learning rate of the step.</summary>
    public const string LearningRate = "learning_rate";

    /// <summary>Norm of the gradients before clipping.</summary>
    public const string GradientNorm = "gradient_norm";

    /// <summary>Seconds since the process started or resumed the stage.</summary>
    public const string Seconds = "seconds";

    /// <summary>Mean loss over the validation set, with the averaged weights.</summary>
    public const string ValidationLoss = "validation_loss";

    /// <summary>Half width of the validation loss' 95 % confidence interval.</summary>
    public const string ValidationMargin = "validation_margin";

    /// <summary>Change of the validation loss in 1000 steps (<see cref="ConvergenceEstimate.Slope"/>).</summary>
    public const string Trend = "trend";

    /// <summary>Lower end of the trend's interval.</summary>
    public const string TrendLow = "trend_low";

    /// <summary>Upper end of the trend's interval.</summary>
    public const string TrendHigh = "trend_high";
}
