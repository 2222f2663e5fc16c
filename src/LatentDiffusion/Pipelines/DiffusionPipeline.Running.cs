namespace LatentDiffusion;

/// <content>How a generation is started: its turn, its time, what is told of it.</content>
public sealed partial class DiffusionPipeline
{
    private bool _disposed;

    /// <summary>What logs, telemetry and metadata call the model; null where it has no name.</summary>
    public string? ModelId => _parts.Options.ModelId;

    internal IImageCodec Codec => _parts.Codec;

    /// <summary>What it was set to, as the metadata of its pictures tell it.</summary>
    internal IEnumerable<(string Key, string Value)> Settings => PipelineSettings.Of(_parts);

    /// <summary>Generates on the calling thread, which waits for its turn where as many generations run as may.</summary>
    /// <param name="request">What to generate.</param>
    /// <param name="progress">Told after each evaluation of the network, on the thread that generates.</param>
    /// <param name="cancellationToken">Checked before each evaluation, and while it waits for its turn.</param>
    /// <exception cref="ArgumentException">The request has a value out of its range; the message names it. Nothing was computed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="NonFiniteValuesException">Latents or pixels became NaN or infinite: see <see cref="DiffusionPipelineOptions.AllowNonFiniteValues"/>.</exception>
    /// <exception cref="TimeoutException">It took longer than the request's, or else the pipeline's, time limit.</exception>
    /// <exception cref="ObjectDisposedException">The pipeline is disposed.</exception>
    public GenerationResult Generate(GenerationRequest request, IProgress<GenerationProgress>? progress = null, CancellationToken cancellationToken = default) =>
        GenerateAccepted([Accept(request)], progress, cancellationToken)[0];

    /// <summary>Generates on a worker thread; no thread is held while it waits for its turn.</summary>
    /// <inheritdoc cref="Generate(GenerationRequest, IProgress{GenerationProgress}?, CancellationToken)"/>
    public async Task<GenerationResult> GenerateAsync(
        GenerationRequest request, IProgress<GenerationProgress>? progress = null, CancellationToken cancellationToken = default) =>
        (await GenerateAcceptedAsync([Accept(request)], progress, cancellationToken).ConfigureAwait(false))[0];

    /// <summary>Releases the model, where the pipeline loaded it; parts that were handed in stay the caller's. No generation may run any more.</summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        _parts.Dispose();
    }

    private GenerationResult[] GenerateAccepted(IReadOnlyList<GenerationRequest> requests, IProgress<GenerationProgress>? progress, CancellationToken cancellationToken)
    {
        using var generation = new RunningGeneration(_parts, requests, cancellationToken);
        try
        {
            generation.TakePlace();
            return generation.Finished(Run(generation, progress));
        }
        catch (Exception e)
        {
            if (generation.Failed(e) is { } timeout) throw timeout;
            throw;
        }
    }

    private async Task<GenerationResult[]> GenerateAcceptedAsync(
        IReadOnlyList<GenerationRequest> requests, IProgress<GenerationProgress>? progress, CancellationToken cancellationToken)
    {
        using var generation = new RunningGeneration(_parts, requests, cancellationToken);
        try
        {
            await generation.TakePlaceAsync().ConfigureAwait(false);
            return generation.Finished(
                await Task.Run(() => Run(generation, progress), generation.Token).ConfigureAwait(false));
        }
        catch (Exception e)
        {
            if (generation.Failed(e) is { } timeout) throw timeout;
            throw;
        }
    }

    private GenerationRequest Accept(GenerationRequest request)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return RequestRules.Complete(request, _parts);
    }
}
