using System.Diagnostics;
using System.Threading.RateLimiting;

namespace LatentDiffusion;

/// <summary>One generation from call to end: its place among those that run at once, its time limit, and what is told of it.</summary>
internal sealed class RunningGeneration : IDisposable
{
    private readonly PipelineParts _parts;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _stop;
    private readonly Activity? _activity;
    private readonly long _called = Stopwatch.GetTimestamp();
    private RateLimitLease? _place;
    private bool _counted;

    public RunningGeneration(PipelineParts parts, IReadOnlyList<GenerationRequest> requests, CancellationToken caller)
    {
        (_parts, Requests, _caller) = (parts, requests, caller);
        GenerationRequest request = Request;
        Finite = new FiniteValueCheck(parts.Options.AllowNonFiniteValues, parts.Logger);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(caller);
        if (request.TimeLimit is { } limit) _stop.CancelAfter(limit);
        _activity = GenerationTelemetry.Start(parts.Options.ModelId, requests);
        _parts.Logger.Starting(Pictures, request.Width!.Value, request.Height!.Value, request.Steps!.Value, request.Seed!.Value);
        foreach (GenerationRequest each in requests) parts.WarnOfMask(each);
        parts.WarnOfCuts(requests.Where(r => r.PromptEmbeds is null).Select(r => r.Prompt)
            .Concat(requests.Where(r => r.NegativePromptEmbeds is null && parts.NeedsNegative(r)).Select(r => r.NegativePrompt)));
    }

    /// <summary>At least one, with every choice filled in; what evaluations share is the same in all.</summary>
    public IReadOnlyList<GenerationRequest> Requests { get; }

    /// <summary>The first of them, for what they share.</summary>
    public GenerationRequest Request => Requests[0];

    /// <summary>How many pictures they ask for in all.</summary>
    public int Pictures => Requests.Sum(r => r.Count);

    /// <summary>Stops the generation where its values are not finite.</summary>
    public FiniteValueCheck Finite { get; }

    /// <summary>Cancelled by the caller or by the time limit.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Asked before each evaluation of a network.</summary>
    public void ThrowIfOver()
    {
        // The timer's turn comes late where the pool's threads are all busy; the clock does not wait for one.
        if (Stopwatch.GetElapsedTime(_called) >= Request.TimeLimit) _stop.Cancel();
        Token.ThrowIfCancellationRequested();
    }

    // Both go through the same queue, so that neither overtakes the other.
    public void TakePlace() => TakePlaceAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask TakePlaceAsync()
    {
        if (_parts.Places is { } places)
        {
            _place = await places.AcquireAsync(1, Token).ConfigureAwait(false);
            // The queue has no bound, so that a place is refused for one reason alone.
            if (!_place.IsAcquired) throw new ObjectDisposedException(nameof(DiffusionPipeline));
        }

        GenerationTelemetry.Waited(_parts.Options.ModelId, Stopwatch.GetElapsedTime(_called));
        GenerationTelemetry.Running(_parts.Options.ModelId, +1);
        _counted = true;
    }

    public GenerationResult[] Finished(GenerationResult[] results)
    {
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_called);
        GenerationTimings timings = results[0].Timings;
        GenerationTelemetry.Finished(_activity, _parts.Options.ModelId, Pictures, timings, elapsed);
        _parts.Logger.Finished(Pictures, elapsed.TotalSeconds, timings.TextEncoding.TotalSeconds, timings.Denoising.TotalSeconds, timings.Decoding.TotalSeconds);
        return results;
    }

    /// <summary>Tells of the failure; the exception to throw in its place where it was the time limit.</summary>
    public TimeoutException? Failed(Exception exception)
    {
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_called);
        TimeoutException? timeout = exception is OperationCanceledException && _stop.IsCancellationRequested && !_caller.IsCancellationRequested
            ? new TimeoutException($"The generation took longer than its time limit of {Request.TimeLimit}.", exception)
            : null;
        GenerationTelemetry.Failed(_activity, _parts.Options.ModelId, timeout ?? exception, elapsed);
        if (timeout is not null) _parts.Logger.OverTime(Request.TimeLimit!.Value);
        else if (exception is OperationCanceledException) _parts.Logger.Cancelled(elapsed.TotalSeconds);
        else _parts.Logger.Failed(exception, elapsed.TotalSeconds);
        return timeout;
    }

    public void Dispose()
    {
        if (_counted) GenerationTelemetry.Running(_parts.Options.ModelId, -1);
        _place?.Dispose();
        _activity?.Dispose();
        _stop.Dispose();
    }
}
