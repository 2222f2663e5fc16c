namespace LatentDiffusion;

/// <summary>The scheduler that a request names in place of the pipeline's.</summary>
internal static class RequestScheduler
{
    /// <summary>What a name stands for with models of flow matching and of EDM, whose samplers have classes of their own.</summary>
    private static readonly (KnownScheduler Named, SchedulerFamily Family, KnownScheduler Used)[] s_families =
    [
        (KnownSchedulers.Euler, SchedulerFamily.Flow, KnownSchedulers.FlowMatchEuler),
        (KnownSchedulers.Heun, SchedulerFamily.Flow, KnownSchedulers.FlowMatchHeun),
        (KnownSchedulers.Lcm, SchedulerFamily.Flow, KnownSchedulers.FlowMatchLcm),
        (KnownSchedulers.Euler, SchedulerFamily.Edm, KnownSchedulers.EdmEuler),
        (KnownSchedulers.DpmSolverPlusPlus, SchedulerFamily.Edm, KnownSchedulers.EdmDpmSolverPlusPlus),
    ];

    /// <summary>The scheduler of a name for a model.</summary>
    /// <exception cref="ArgumentException">The name is not known, or the scheduler cannot sample from the model.</exception>
    public static NoiseScheduler Create(string name, SchedulerConfig model) => Find(name, model).Create(model);

    /// <summary>The components of a pipeline for a request: with the scheduler that it names.</summary>
    /// <exception cref="ArgumentException">The name is not known, or the scheduler cannot sample from the model.</exception>
    public static PipelineComponents For(GenerationRequest request, PipelineComponents components)
    {
        if (request.SchedulerName is not { } name) return components;
        const string Setting = nameof(GenerationRequest.SchedulerName);
        SchedulerConfig? model = components.OwnedModel?.SchedulerConfig;
        RequestValidator.Check(model is not null, Setting, name, "null for a pipeline without a model, whose noise schedule it needs");
        NoiseScheduler scheduler;
        try
        {
            scheduler = Create(name, model!);
        }
        catch (ArgumentException e)
        {
            throw new ArgumentException(MessageText.Truncate($"{Setting} is '{name}': {e.Message}"), Setting, e);
        }

        RequestValidator.Check(
            scheduler.PredictionType == components.Scheduler.PredictionType, Setting, $"{name}, which samples {scheduler.PredictionType}",
            $"one for {components.Scheduler.PredictionType}, which the model predicts");
        return components with { Scheduler = scheduler };
    }

    private static KnownScheduler Find(string name, SchedulerConfig model)
    {
        if (!KnownSchedulers.TryGet(name, out KnownScheduler? known))
            throw new ArgumentException($"expected one of {string.Join(", ", KnownSchedulers.All)}.");
        SchedulerFamily family = SchedulerClasses.FamilyOf(model);
        return s_families.FirstOrDefault(f => f.Named == known && f.Family == family).Used ?? known;
    }
}
