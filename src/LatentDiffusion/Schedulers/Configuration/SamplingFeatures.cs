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

    /// <summary>Integer timesteps, of which there are no more than T.</summary>
    AtMostAllSteps = 16,
}
