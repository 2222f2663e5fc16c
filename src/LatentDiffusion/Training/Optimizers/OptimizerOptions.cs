using System.ComponentModel.DataAnnotations;

namespace LatentDiffusion.Training;

/// <summary>The optimizer, its settings, and the course of the learning rate.</summary>
public sealed record OptimizerOptions : IValidatableObject
{
    /// <summary>The optimizer. A run cannot change it. Default <see cref="OptimizerAlgorithm.AdamW"/>.</summary>
    public OptimizerAlgorithm Algorithm { get; init; }

    /// <summary>Peak learning rate, above 0. Default 1e-4.</summary>
    [Range(0.0, 10.0, MinimumIsExclusive = true)]
    public double LearningRate { get; init; } = 1e-4;

    /// <summary>Steps over which the learning rate rises linearly from 0. Default 100.</summary>
    [Range(0, long.MaxValue)]
    public long WarmupSteps { get; init; } = 100;

    /// <summary>How the learning rate changes after the warm-up. Default <see cref="LearningRateDecay.Cosine"/>.</summary>
    public LearningRateDecay Decay { get; init; } = LearningRateDecay.Cosine;

    /// <summary>Final learning rate as a fraction of its peak, in [0, 1]. Default 0.02.</summary>
    [Range(0.0, 1.0)]
    public double FinalLearningRate { get; init; } = 0.02;

    /// <summary>Falls of the learning rate of <see cref="LearningRateDecay.CosineWithRestarts"/>, at least 1. Default 4.</summary>
    [Range(1, 1_000_000)]
    public int Cycles { get; init; } = 4;

    /// <summary>Exponent of <see cref="LearningRateDecay.Polynomial"/>, above 0; 1 is linear. Default 2.</summary>
    [Range(0.0, 100.0, MinimumIsExclusive = true)]
    public double Power { get; init; } = 2;

    /// <summary>
    /// Fraction of the run, after the warm-up, over which <see cref="LearningRateDecay.StableThenDecay"/> falls, in (0, 1]. Default 0.2.
    /// </summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double DecayFraction { get; init; } = 0.2;

    /// <summary>
    /// Factors of the learning rate by component (<c>unet</c>, <c>text_encoder</c>, <c>discriminator</c> …), at least 0; 1
    /// for components that are not named. Default none.
    /// </summary>
    public IReadOnlyDictionary<string, double> ComponentRates { get; init; } = new Dictionary<string, double>();

    /// <summary>Decay of the first moment, in [0, 1); of AdamW in both forms. Default 0.9.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>
    /// Decay of the second moment, in [0, 1); of AdamW in both forms. Default 0.99: the usual 0.999 remembers longer than short runs last.
    /// </summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Beta2 { get; init; } = 0.99;

    /// <summary>Added to the denominator, above 0; of AdamW in both forms. Default 1e-8.</summary>
    [Range(0.0, 1.0, MinimumIsExclusive = true)]
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>
    /// Whether <see cref="OptimizerAlgorithm.Adafactor"/> multiplies the learning rate by the root mean square of each parameter, at least
    /// 0.001 (Shazeer &amp; Stern 2018, section 8); the usual <see cref="LearningRate"/> is then 0.01. Default false.
    /// </summary>
    public bool ScaleByParameter { get; init; }

    /// <summary>Decoupled weight decay, at least 0. Default 0.01.</summary>
    [Range(0.0, 10.0)]
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>The gradients' largest norm; null for no bound. Default 1.</summary>
    [Range(0.0, double.MaxValue, MinimumIsExclusive = true)]
    public double? GradientClip { get; init; } = 1;

    /// <summary>
    /// Whether <see cref="GradientClip"/> bounds each component's gradients by themselves: with an adversary one of the two
    /// must not scale the other's down. Default false.
    /// </summary>
    public bool ClipByComponent { get; init; }

    /// <summary>Refuses settings that the optimizer does not have.</summary>
    IEnumerable<ValidationResult> IValidatableObject.Validate(ValidationContext validationContext)
    {
        if (!Enum.IsDefined(Algorithm))
            yield return new ValidationResult($"{nameof(Algorithm)} is {Algorithm}; expected AdamW, AdamW8Bit or Adafactor.");
        if (Algorithm != OptimizerAlgorithm.Adafactor && ScaleByParameter)
            yield return new ValidationResult($"{nameof(ScaleByParameter)} is true, and {Algorithm} does not have it; expected false.");
        if (Algorithm != OptimizerAlgorithm.Adafactor) yield break;
        var defaults = new OptimizerOptions();
        foreach ((string name, double value, double expected) in (IEnumerable<(string, double, double)>)
            [(nameof(Beta1), Beta1, defaults.Beta1), (nameof(Beta2), Beta2, defaults.Beta2), (nameof(Epsilon), Epsilon, defaults.Epsilon)])
            if (value != expected)
                yield return new ValidationResult($"{name} is {value}, and Adafactor does not have it; expected the default, {expected}.");
    }

    /// <summary>The learning rate of a step.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="steps">Number of steps of the whole run.</param>
    public double LearningRateAt(long step, long steps)
    {
        if (step < WarmupSteps) return LearningRate * (step + 1) / WarmupSteps;
        double progress = Math.Clamp((double)(step - WarmupSteps) / Math.Max(steps - WarmupSteps, 1), 0, 1);
        double share = Decay switch
        {
            LearningRateDecay.Constant => 1,
            LearningRateDecay.Linear => 1 - progress,
            LearningRateDecay.Polynomial => Math.Pow(1 - progress, Power),
            LearningRateDecay.CosineWithRestarts => progress < 1 ? (1 + Math.Cos(Math.PI * (progress * Cycles % 1))) / 2 : 0,
            LearningRateDecay.StableThenDecay => 1 - Math.Sqrt(Math.Max(0, 1 - (1 - progress) / DecayFraction)),
            _ => (1 + Math.Cos(Math.PI * progress)) / 2,
        };
        return LearningRate * (FinalLearningRate + (1 - FinalLearningRate) * share);
    }
}
