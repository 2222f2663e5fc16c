namespace LatentDiffusion.Metadata;

/// <summary>The name that the web UI has for a pipeline's scheduler.</summary>
/// <param name="Name">The name: that of the nearest sampler, or the scheduler's type where there is none.</param>
/// <param name="IsExact">Whether a request that names it gets the same scheduler.</param>
internal sealed record WebUISampler(SamplerName Name, bool IsExact)
{
    public static WebUISampler Find(INoiseScheduler scheduler, SchedulerConfig? model)
    {
        SamplerName? near = null;
        foreach (KnownScheduler known in model is null ? [] : SamplerTable.Rows.Where(row => row.WebUI.Length > 0).SelectMany(Choices))
        {
            if (Make(known, model!) is not { } made || made.GetType() != scheduler.GetType()) continue;
            SamplerName name = SamplerNames.For(known, SamplerProgram.WebUI)!;
            if (made.Configuration == scheduler.Configuration && Make(Read(name), model!)?.Configuration == scheduler.Configuration)
                return new WebUISampler(name, IsExact: true);
            near ??= name;
        }

        return new WebUISampler(near ?? new SamplerName(scheduler.GetType().Name), IsExact: false);
    }

    private static KnownScheduler Read(SamplerName name) => SamplerNames.Get(name.Sampler, name.Schedule);

    private static IEnumerable<KnownScheduler> Choices(SamplerTable row) => SamplerTable.Spacings
        .Select(spacing => NamedSpacing.Apply(row.Scheduler, spacing.Spacing))
        .OfType<KnownScheduler>()
        .Prepend(row.Scheduler);

    private static NoiseScheduler? Make(KnownScheduler known, SchedulerConfig model)
    {
        try
        {
            return RequestScheduler.Create(known.Name, model);
        }
        catch (ArgumentException)
        {
            // Not for models of this kind.
            return null;
        }
    }
}
