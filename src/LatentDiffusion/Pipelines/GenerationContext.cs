using System.Diagnostics;

namespace LatentDiffusion;

/// <summary>One generation from call to end: its place in the queue, its time limit, logs and telemetry.</summary>
internal sealed class GenerationContext : IDisposable
{
    private readonly PipelineComponents _components;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _stop;
    private readonly Activity? _activity;
    private readonly long _called = Stopwatch.GetTimestamp();
    private readonly CancellationToken _closing;
    private readonly Stack<IDisposable> _entered = new();
    private IDisposable? _turn;
    private bool _counted;

    public GenerationContext(
        PipelineComponents components, IReadOnlyList<GenerationRequest> requests, CancellationToken closing, CancellationToken caller)
    {
        (_components, Requests, _closing, _caller) = (components, requests, closing, caller);
        GenerationRequest request = Request;
        Components = RequestScheduler.For(request, components);
        Finite = new FiniteValueCheck(components.Options.AllowNonFiniteValues, components.Logger);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(caller, closing);
        if (request.TimeLimit is { } limit) _stop.CancelAfter(limit);
        _activity = GenerationTelemetry.Start(components.Options.ModelId, requests);
        _components.Logger.Starting(Images, request.Width!.Value, request.Height!.Value, request.Steps!.Value, request.Seed!.Value);
        foreach (GenerationRequest each in requests) components.WarnOfMask(each);
        RequestPrompts[] prompts = [.. requests.Select(r => components.PromptReader.Read(r, components))];
        var read = requests.Zip(prompts, (request, texts) => (Request: request, Texts: texts)).ToArray();
        components.WarnIfTruncated(read.Where(r => r.Request.PromptEmbeds is null).SelectMany(r => r.Texts.Prompt.Texts).Concat(
            read.Where(r => r.Request.NegativePromptEmbeds is null && components.EvaluatesNegative(r.Request))
                .SelectMany(r => r.Texts.Negative.Texts)));
    }

    /// <summary>Components of the pipeline, with the scheduler that the requests name.</summary>
    public PipelineComponents Components { get; }

    /// <summary>At least one, complete. They agree in the settings that evaluations share.</summary>
    public IReadOnlyList<GenerationRequest> Requests { get; }

    /// <summary>The first of them, for the shared settings.</summary>
    public GenerationRequest Request => Requests[0];

    /// <summary>The total number of images.</summary>
    public int Images => Requests.Sum(r => r.ImageCount);

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
        long memory = _components.Options.MaximumMemory is null ? 0 : GenerationMemory.Estimate(Requests, _components);
        bool mayWait = !CallbackScope.IsWithin(_components);
        _turn = await _components.Queue.EnterAsync(memory, mayWait, Token).ConfigureAwait(false);
        foreach (IPipelineFeature feature in _components.Features)
            if (await feature.EnterAsync(Requests, mayWait, Token).ConfigureAwait(false) is { } entered) _entered.Push(entered);
        GenerationTelemetry.Waited(_components.Options.ModelId, Stopwatch.GetElapsedTime(_called));
        GenerationTelemetry.Running(_components.Options.ModelId, +1);
        _counted = true;
    }

    public GenerationResult[] Finished(GenerationResult[] results)
    {
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_called);
        GenerationTimings timings = results[0].Timings;
        GenerationTelemetry.Finished(_activity, _components.Options.ModelId, Images, timings, elapsed);
        _components.Logger.Finished(
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
        GenerationTelemetry.Failed(_activity, _components.Options.ModelId, reason ?? exception, elapsed);
        if (reason is TimeoutException) _components.Logger.TimedOut(Request.TimeLimit!.Value);
        else if (exception is OperationCanceledException) _components.Logger.Cancelled(elapsed.TotalSeconds);
        else if (exception is GenerationLimitException limit) _components.Logger.Refused(limit.Message);
        else _components.Logger.Failed(exception, elapsed.TotalSeconds);
        return reason;
    }

    public void Dispose()
    {
        if (_counted) GenerationTelemetry.Running(_components.Options.ModelId, -1);
        try
        {
            while (_entered.TryPop(out IDisposable? entered)) entered.Dispose();
        }
        finally
        {
            _turn?.Dispose();
        }

        _activity?.Dispose();
        _stop.Dispose();
    }
}
