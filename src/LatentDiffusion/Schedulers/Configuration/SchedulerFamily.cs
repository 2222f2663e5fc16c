namespace LatentDiffusion.Schedulers;

/// <summary>Which models a scheduler can sample from: those of another family mean something else by time and noise.</summary>
internal enum SchedulerFamily
{
    /// <summary>A discrete schedule of betas.</summary>
    Discrete,

    /// <summary>The continuous levels and the preconditioning of EDM.</summary>
    Edm,

    /// <summary>Time in [0, 1], whose noise level is a sine.</summary>
    ContinuousTime,

    /// <summary>The straight paths of flow matching.</summary>
    Flow,
}
