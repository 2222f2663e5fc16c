namespace LatentDiffusion.Schedulers;

/// <summary>
/// What published pipelines of some flow models choose and no published configuration says: the noise levels before the shift, and how the
/// dynamic shift follows from the image. Model families note it in the configuration that their schedulers are made from.
/// </summary>
internal static class FlowSampling
{
    // Classes pass over names that begin with an underscore.
    private const string Levels = "_even_levels", Patch = "_patch_size", Steps = "_mu_depends_on_steps";

    /// <summary>The configuration with what pipelines choose.</summary>
    /// <param name="config">The published configuration.</param>
    /// <param name="patchSize">Side in latents of the square patch of one token.</param>
    /// <param name="dependsOnSteps">Whether μ also follows from the number of steps (FLUX.2).</param>
    public static SchedulerConfig WithEvenLevels(this SchedulerConfig config, int patchSize = 2, bool dependsOnSteps = false) =>
        config.With(Levels, 1).With(Patch, patchSize).With(Steps, dependsOnSteps ? 1 : 0);

    /// <summary>Whether N steps have the levels 1, …, 2/N, 1/N before the shift.</summary>
    public static bool HasEvenLevels(OptionReader options) => options.Note(Levels) == 1;

    /// <summary>Side in latents of the square patch of one token.</summary>
    public static int PatchSize(OptionReader options) => options.Note(Patch) is > 0 and var size ? size : 2;

    /// <summary>Whether μ also follows from the number of steps.</summary>
    public static bool DependsOnSteps(OptionReader options) => options.Note(Steps) == 1;
}
