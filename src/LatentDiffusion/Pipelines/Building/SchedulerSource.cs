using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LatentDiffusion;

/// <summary>Where a pipeline's scheduler comes from: most are made from the configuration of the model.</summary>
internal static class SchedulerSource
{
    /// <summary>Makes the scheduler; null if the source does not have one.</summary>
    public delegate INoiseScheduler? Factory(IServiceProvider services, SchedulerConfig? config);

    /// <summary>The scheduler that a name stands for.</summary>
    public static Factory Named(KnownScheduler known) => From(config => Valid(() => known.Create(config)));

    /// <summary>The scheduler that a function makes from the model's configuration.</summary>
    public static Factory From(Func<SchedulerConfig, INoiseScheduler> make) =>
        (_, config) => make(config ?? throw ComponentSource.Missing("a model, whose schedule the scheduler needs"));

    /// <summary>The registered scheduler of a type, or a new one.</summary>
    public static Factory OfType<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TScheduler>()
        where TScheduler : class, INoiseScheduler =>
        (services, _) => services.GetService<TScheduler>() ?? ActivatorUtilities.CreateInstance<TScheduler>(services);

    /// <summary>The scheduler that <see cref="DiffusionModelOptions"/> name, if they name one.</summary>
    public static INoiseScheduler? Configured(IServiceProvider services, SchedulerConfig? config)
    {
        if (ConfiguredModel.OptionsIn(services).Scheduler is not { } name) return null;
        return KnownSchedulers.TryGet(name, out KnownScheduler? known)
            ? Valid(() => known.Create(config!))
            : throw DiffusionModelOptions.UnknownScheduler(name);
    }

    /// <summary>The scheduler to use.</summary>
    /// <param name="given">The builder's; null for none.</param>
    /// <param name="services">The container.</param>
    /// <param name="config">The model's configuration; null without a model.</param>
    /// <param name="ofModel">Whether the denoiser is the model's, whose predictions the scheduler then has to read.</param>
    /// <param name="logger">Receives options that the scheduler ignores.</param>
    /// <exception cref="InvalidOperationException">The scheduler is missing, or expects another kind of prediction.</exception>
    public static INoiseScheduler Resolve(Factory? given, IServiceProvider services, SchedulerConfig? config, bool ofModel, ILogger logger)
    {
        INoiseScheduler scheduler = given?.Invoke(services, config) ?? services.GetService<INoiseScheduler>()
            ?? FromModel(config ?? throw ComponentSource.Missing("a scheduler"));
        if (scheduler.IgnoredOptions is { Count: > 0 } ignored)
            logger.SchedulerOptionsIgnored(ClassName(scheduler), MessageText.List(ignored));
        // A scheduler for another kind of prediction gives noise in place of an image. A custom denoiser is the caller's responsibility.
        if (ofModel && Valid(config!.TrainedPrediction) is var trained && scheduler.PredictionType != trained)
        {
            throw new InvalidOperationException(
                $"{scheduler.GetType().Name} takes the model's output for {scheduler.PredictionType}, and the model predicts {trained}.");
        }

        return scheduler;
    }

    /// <summary>The name by which a configuration chooses the scheduler; the type's for custom ones.</summary>
    private static string ClassName(INoiseScheduler scheduler) =>
        (scheduler as NoiseScheduler)?.OwnConfig.ClassName ?? scheduler.GetType().Name;

    private static NoiseScheduler FromModel(SchedulerConfig config) =>
        config.ClassName is { } name && !SchedulerClasses.Names.Contains(name)
            ? throw new NotSupportedException(
                $"The model's scheduler is a '{MessageText.Truncate(name, 100)}', which is not known here; name another with UseScheduler, "
                + "for example \"euler\".")
            : Valid(() => NoiseScheduler.FromConfig(config));

    private static T Valid<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (ArgumentException e) when (e.ParamName != "model")
        {
            // A scheduler for another kind of model is the caller's mistake; everything else is the file's.
            throw new InvalidDataException($"The model's scheduler configuration cannot be used: {e.Message}", e);
        }
    }
}
