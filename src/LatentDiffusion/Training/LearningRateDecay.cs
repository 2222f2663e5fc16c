namespace LatentDiffusion.Training;

/// <summary>How the learning rate changes after its warm-up.</summary>
public enum LearningRateDecay
{
    /// <summary>It stays.</summary>
    Constant,

    /// <summary>It falls on a straight line.</summary>
    Linear,

    /// <summary>It falls on half a cosine (Loshchilov &amp; Hutter 2017).</summary>
    Cosine,

    /// <summary>
    /// It falls on half a cosine and restarts at its peak, <see cref="OptimizerOptions.Cycles"/> times (Loshchilov &amp;
    /// Hutter 2017, equation 5).
    /// </summary>
    CosineWithRestarts,

    /// <summary>It falls as a power of the remaining fraction of steps, <see cref="OptimizerOptions.Power"/>.</summary>
    Polynomial,

    /// <summary>
    /// It stays, and falls over the last <see cref="OptimizerOptions.DecayFraction"/> of the run as 1 − √progress (Hägele et
    /// al. 2024). A run can be made longer without having begun to slow down.
    /// </summary>
    StableThenDecay,
}
