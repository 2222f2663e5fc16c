namespace LatentDiffusion.Schedulers;

/// <summary>The noise level at which a run ends.</summary>
internal enum FinalSigma
{
    /// <summary>No noise.</summary>
    Zero,

    /// <summary>The lowest level of the training schedule.</summary>
    LowestTraining,

    /// <summary>
    /// The lowest level of the rule that spaces the levels, so that the last step changes nothing; without a rule as
    /// <see cref="LowestTraining"/>.
    /// </summary>
    LastOfRule,
}
