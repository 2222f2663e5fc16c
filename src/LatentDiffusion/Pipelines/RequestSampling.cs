using System.Globalization;

namespace LatentDiffusion;

/// <summary>The sampling settings of a complete request.</summary>
internal static class RequestSampling
{
    /// <summary>The plan of one pass.</summary>
    public static SamplingPlan Plan(GenerationRequest request, PipelineComponents components) =>
        components.Scheduler.Plan(Options(request), Shape(request, components.Autoencoder));

    /// <summary>Number of steps that one pass makes.</summary>
    public static int StepsOf(GenerationRequest request) => request.Steps!.Value - BeginStep(request.Steps.Value, request.Strength);

    /// <summary>The plan for a request that is not validated yet: few schedulers can use every setting and begin anywhere.</summary>
    /// <param name="request">The request of one pass.</param>
    /// <param name="components">Components of the pipeline.</param>
    /// <param name="strength">Name of the setting that gives this pass its strength.</param>
    /// <exception cref="ArgumentException">The scheduler cannot run it; the message names the setting and says why.</exception>
    public static SamplingPlan Check(GenerationRequest request, PipelineComponents components, string strength)
    {
        INoiseScheduler scheduler = components.Scheduler;
        SamplingOptions options = Options(request);
        LatentShape shape = Shape(request, components.Autoencoder);
        string kind = scheduler.GetType().Name;
        SamplingPlan plan;
        try
        {
            plan = scheduler.Plan(options, shape);
        }
        catch (ArgumentException e)
        {
            RequestSetting fault = AtFault(request, options, without => CanPlan(scheduler, without, shape));
            string name = fault == RequestSettings.Strength ? strength : fault.Name;
            string what = fault == RequestSettings.Steps ? $"{request.Steps} steps" : $"with {name} {Text(fault.Get(request))}";
            throw new ArgumentException(MessageText.Truncate($"{kind} cannot run {what}: {Reason(e)}"), name, e);
        }

        int begin = options.BeginStep * plan.EvaluationsPerStep;
        if (plan.BeginIndex == begin) return plan;
        throw new ArgumentException(
            $"{kind} cannot run with {strength} {Text(request.Strength)}: its plan begins at evaluation {plan.BeginIndex} "
            + $"of {plan.Timesteps.Count}, where it should begin at {begin}.",
            strength);
    }

    private static string? Text(object? value) => Convert.ToString(value, CultureInfo.InvariantCulture);

    /// <summary>The message of an exception, without the parameter's name that is appended to it.</summary>
    private static string Reason(ArgumentException exception) =>
        exception.Message.Replace($" (Parameter '{exception.ParamName}')", "", StringComparison.Ordinal).ReplaceLineEndings(" ");

    /// <summary>The setting without which the scheduler could run the request; the number of steps if no single one suffices.</summary>
    private static RequestSetting AtFault(GenerationRequest request, SamplingOptions options, Func<SamplingOptions, bool> canPlan)
    {
        (RequestSetting Setting, SamplingOptions Without)[] settings =
        [
            (RequestSettings.Strength, options with { BeginStep = 0 }),
            (RequestSettings.Timesteps, options with { Timesteps = null }),
            (RequestSettings.Sigmas, options with { Sigmas = null }),
            (RequestSettings.Eta, options with { Eta = null }),
            (RequestSettings.Churn, options with { Churn = null }),
            (RequestSettings.Mu, options with { Mu = null }),
        ];
        return settings.FirstOrDefault(s => s.Without != options && canPlan(s.Without)).Setting ?? RequestSettings.Steps;
    }

    private static bool CanPlan(INoiseScheduler scheduler, SamplingOptions options, LatentShape shape)
    {
        try
        {
            scheduler.Plan(options, shape);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static SamplingOptions Options(GenerationRequest request) => new()
    {
        Steps = request.Steps!.Value,
        Timesteps = request.Timesteps,
        Sigmas = request.Sigmas,
        Eta = request.Eta,
        Churn = request.Churn,
        Mu = request.Mu,
        BeginStep = BeginStep(request.Steps.Value, request.Strength),
    };

    /// <summary>The first step: the remaining steps are the fraction <paramref name="strength"/> of all, rounded down.</summary>
    private static int BeginStep(int steps, double? strength) => strength is { } fraction ? steps - (int)(steps * fraction) : 0;

    private static LatentShape Shape(GenerationRequest request, IAutoencoder autoencoder) => new(
        autoencoder.LatentChannels,
        request.Height!.Value / autoencoder.DownsamplingFactor,
        request.Width!.Value / autoencoder.DownsamplingFactor);
}
