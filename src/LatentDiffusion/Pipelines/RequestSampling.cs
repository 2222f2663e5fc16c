namespace LatentDiffusion;

/// <summary>What a complete request asks of the scheduler.</summary>
internal static class RequestSampling
{
    /// <summary>The plan of one pass.</summary>
    public static SamplingPlan Plan(GenerationRequest request, PipelineComponents parts) =>
        parts.Scheduler.Plan(Options(request), Shape(request, parts.Autoencoder));

    /// <summary>The same for a request that was not checked: not every scheduler can run any number of steps and begin anywhere.</summary>
    /// <param name="request">The request of one pass.</param>
    /// <param name="parts">What the pipeline is made of.</param>
    /// <param name="strength">What the caller calls the strength of this pass.</param>
    /// <exception cref="ArgumentException">The scheduler cannot run it; the message names the setting and says why.</exception>
    public static SamplingPlan Check(GenerationRequest request, PipelineComponents parts, string strength)
    {
        INoiseScheduler scheduler = parts.Scheduler;
        SamplingOptions options = Options(request);
        LatentShape shape = Shape(request, parts.Autoencoder);
        string kind = scheduler.GetType().Name;
        SamplingPlan plan;
        try
        {
            plan = scheduler.Plan(options, shape);
        }
        catch (ArgumentException e)
        {
            bool begins = options.BeginStep > 0 && CanPlan(scheduler, options with { BeginStep = 0 }, shape);
            (string setting, object? given) = begins ? (strength, request.Strength) : (nameof(request.Steps), (object?)request.Steps);
            throw new ArgumentException(FormattableString.Invariant($"{setting} is {given}; expected what {kind} can run: {e.Message}"), setting, e);
        }

        // A plan that begins elsewhere ignores the strength.
        int begin = options.BeginStep * plan.EvaluationsPerStep;
        (string name, object? value) = begin == 0 ? (nameof(request.Steps), (object?)request.Steps) : (strength, request.Strength);
        RequestValidator.Check(
            plan.BeginIndex == begin, name, value,
            $"a scheduler that begins where {nameof(options.BeginStep)} says, at evaluation {begin}: "
            + $"{kind} begins at {plan.BeginIndex} of {plan.Timesteps.Count}");
        return plan;
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

    private static SamplingOptions Options(GenerationRequest request) =>
        new() { Steps = request.Steps!.Value, BeginStep = BeginStep(request.Steps.Value, request.Strength) };

    /// <summary>The first step: as many as the strength's share of all, rounded down, are left.</summary>
    private static int BeginStep(int steps, double? strength) => strength is { } share ? steps - (int)(steps * share) : 0;

    private static LatentShape Shape(GenerationRequest request, IAutoencoder autoencoder) => new(
        autoencoder.LatentChannels,
        request.Height!.Value / autoencoder.DownsamplingFactor,
        request.Width!.Value / autoencoder.DownsamplingFactor);
}
