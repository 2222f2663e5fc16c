namespace LatentDiffusion.Tests;

/// <summary>Starts a scheduler from options, for latents of a size on which nothing depends.</summary>
internal static class DirectStart
{
    public static ISchedulerRun Start(this INoiseScheduler scheduler, SamplingOptions options, INoiseSource? noise = null) =>
        scheduler.Start(scheduler.Plan(options, new LatentShape(4, 64, 64)), noise);
}
