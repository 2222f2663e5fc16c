using System.Diagnostics;

namespace LatentDiffusion;

/// <summary>One generation from call to end: its place in the queue, its time limit, logs and telemetry.</summary>
internal sealed class GenerationContext : IDisposable
{
    private readonly PipelineComponents _parts;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _stop;
    private readonly Activity? _activity;
    private readonly long _called = Stopwatch.GetTimestamp();
    private readonly CancellationToken _closing;
    private IDisposable? _turn;
    private bool _counted;

    public GenerationContext(
        PipelineComponents parts, IReadOnlyList<GenerationRequest> requests, CancellationToken closing, CancellationToken caller)
    {
        (_parts, Requests, _closing, _caller) = (parts, requests, closing, caller);
        GenerationRequest request = Request;
        Finite = new FiniteValueCheck(parts.Options.AllowNonFiniteValues, parts.Logger);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(caller, closing);
        if (request.TimeLimit is { } limit) _stop.CancelAfter(limit);
        _activity = GenerationTelemetry.Start(parts.Options.ModelId, requests);
        _parts.Logger.Starting(Images, request.Width!.Value, request.Height!.Value, request.Steps!.Value, request.Seed!.Value);
        foreach (GenerationRequest each in requests) parts.WarnOfMask(each);
        parts.WarnIfTruncated(requests.Where(r => r.PromptEmbeds is null).Select(r => r.Prompt)
            .Concat(requests.Where(r => r.NegativePromptEmbeds is null && parts.NeedsNegative(r)).Select(r => r.NegativePrompt)));
    }

    /// <summary>At least one, complete. They agree in the settings that evaluations share.</summary>
    public IReadOnlyList<GenerationRequest> Requests { get; }

    /// <summary>The first of them, for what they share.</summary>
    public GenerationRequest Request => Requests[0];

    /// <summary>The total number of images.</summary>
    public int Images => Requests.Sum(r => r.Count);

    /// <summary>Stops the generation where its values are not finite.</summary>
    public FiniteValueCheck Finite { get; }

    /// <summary>Cancelled by the caller, by the time limit, or when the pipeline is disposed.</summary>
    public CancellationToken Token => _stop.Token;

    /// <summary>Called before each evaluation of a network.</summary>
    public void ThrowIfStopped()
    {
        // Timer and disposal cancel on a thread of the pool, which comes late where all are busy; neither is waited for.
        if (_closing.IsCancellationRequested || Stopwatch.GetElapsedTime(_called) >= Request.TimeLimit) _stop.Cancel();
        Token.ThrowIfCancellationRequested();
    }

    // Both go through the same queue, so that neither overtakes the other.
    public void Enter() => EnterAsync().AsTask().GetAwaiter().GetResult();

    public async ValueTask EnterAsync()
    {
        long memory = _parts.Options.MaximumMemory is null ? 0 : GenerationMemory.Estimate(Requests, _parts);
        _turn = await _parts.Queue.EnterAsync(memory, mayWait: !CallingGeneration.IsOf(_parts), Token).ConfigureAwait(false);
        GenerationTelemetry.Waited(_parts.Options.ModelId, Stopwatch.GetElapsedTime(_called));
        GenerationTelemetry.Running(_parts.Options.ModelId, +1);
        _counted = true;
    }

    public GenerationResult[] Finished(GenerationResult[] results)
    {
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_called);
        GenerationTimings timings = results[0].Timings;
        GenerationTelemetry.Finished(_activity, _parts.Options.ModelId, Images, timings, elapsed);
        _parts.Logger.Finished(
            Images, elapsed.TotalSeconds, timings.TextEncoding.TotalSeconds, timings.Denoising.TotalSeconds, timings.Decoding.TotalSeconds);
        return results;
    }

    /// <summary>Logs the failure. Returns the exception to throw instead if the time limit or the disposal caused it.</summary>
    public Exception? Failed(Exception exception)
    {
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_called);
        bool isStopped = exception is OperationCanceledException && _stop.IsCancellationRequested && !_caller.IsCancellationRequested;
        Exception? reason = !isStopped ? null
            : _closing.IsCancellationRequested
                ? new ObjectDisposedException(nameof(DiffusionPipeline), "The pipeline was disposed before the generation ended.")
            : new TimeoutException($"The generation took longer than its time limit of {Request.TimeLimit}.", exception);
        GenerationTelemetry.Failed(_activity, _parts.Options.ModelId, reason ?? exception, elapsed);
        if (reason is TimeoutException) _parts.Logger.TimedOut(Request.TimeLimit!.Value);
        else if (exception is OperationCanceledException) _parts.Logger.Cancelled(elapsed.TotalSeconds);
        else if (exception is GenerationLimitException limit) _parts.Logger.Refused(limit.Message);
        else _parts.Logger.Failed(exception, elapsed.TotalSeconds);
        return reason;
    }

    public void Dispose()
    {
        if (_counted) GenerationTelemetry.Running(_parts.Options.ModelId, -1);
        _turn?.Dispose();
        _activity?.Dispose();
        _stop.Dispose();
    }
}
