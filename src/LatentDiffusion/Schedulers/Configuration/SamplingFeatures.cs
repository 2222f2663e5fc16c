namespace LatentDiffusion.Schedulers;

/// <summary>The parts of <see cref="SamplingOptions"/> that a scheduler understands; it refuses the others.</summary>
[Flags]
internal enum SamplingFeatures
{
    None = 0,
    Timesteps = 1,
    Sigmas = 2,
    Eta = 4,
    Churn = 8,

    /// <summary>At most T steps, because timesteps are integers.</summary>
    AtMostAllSteps = 16,
}
