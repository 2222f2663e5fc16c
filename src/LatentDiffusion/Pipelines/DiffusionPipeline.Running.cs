namespace LatentDiffusion;

/// <content>Starting a generation: queue, time limit, logs and telemetry.</content>
public sealed partial class DiffusionPipeline
{
    /// <summary>Name of the model in logs, telemetry and metadata; null for a model without a name.</summary>
    public string? ModelId => _components.Options.ModelId;

    /// <summary>Media types of the files that its images can be written as (<see cref="GeneratedImage.Encode"/>), PNG first.</summary>
    public IReadOnlyList<string> MediaTypes => Codec.MediaTypes;

    internal IImageCodec Codec => _components.Codec;

    /// <summary>
    /// Whether the model reads <see cref="GenerationRequest.ReferenceImages"/>: it edits or combines images. Other models start from a
    /// <see cref="GenerationRequest.InitialImage"/>.
    /// </summary>
    public bool ReadsReferenceImages => _components.Denoiser.Description is var denoiser
        && (denoiser.ReadsReferenceLatents || StartValidator.IsEditingModel(denoiser, _components.Autoencoder));

    /// <summary>
    /// The size nearest to another that the pipeline can generate: width and height are multiples of the autoencoder's downsampling factor
    /// times the denoiser's patch size, from one of it to at most 16,384 pixels.
    /// </summary>
    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="height">Height in pixels, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is less than 1.</exception>
    public (int Width, int Height) NearestSize(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        int factor = _components.PixelsPerPatch, most = RequestSettings.Width.Range!.Maximum / factor;
        return (Nearest(width), Nearest(height));

        int Nearest(int side) => (int)Math.Clamp(((long)side + factor / 2) / factor, 1, most) * factor;
    }

    /// <summary>The settings of the pipeline, as image metadata contains them.</summary>
    internal IEnumerable<(string Key, string Value)> Settings => PipelineSettings.FromComponents(_components);

    /// <summary>
    /// Generates on the calling thread, which waits in the queue while the maximum number of generations runs.
    /// </summary>
    /// <param name="request">What to generate.</param>
    /// <param name="progress">Receives each evaluation of the network, on the thread that generates.</param>
    /// <param name="cancellationToken">Checked before each evaluation, and while the generation waits.</param>
    /// <exception cref="ArgumentException">
    /// A value of the request is out of its range; the message names it. Nothing was computed.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="NonFiniteValuesException">
    /// Latents or pixels became NaN or infinite: see <see cref="DiffusionPipelineOptions.AllowNonFiniteValues"/>.
    /// </exception>
    /// <exception cref="TimeoutException">It took longer than the request's, or else the pipeline's, time limit.</exception>
    /// <exception cref="GenerationLimitException">The request exceeds a limit of the pipeline's options. Nothing was computed.</exception>
    /// <exception cref="InvalidOperationException">
    /// It was called from a callback of another generation of the pipeline and would have to wait for that one to end.
    /// </exception>
    /// <exception cref="ObjectDisposedException">
    /// The pipeline, a component of it or an embedding of the request is disposed, before the call or during it.
    /// </exception>
    public GenerationResult Generate(
        GenerationRequest request, IProgress<GenerationProgress>? progress = null, CancellationToken cancellationToken = default) =>
        GenerateAccepted([Accept(request)], progress, cancellationToken)[0];

    /// <summary>Generates on a worker thread. No thread is held while the generation waits in the queue.</summary>
    /// <inheritdoc cref="Generate(GenerationRequest, IProgress{GenerationProgress}?, CancellationToken)"/>
    public async Task<GenerationResult> GenerateAsync(
        GenerationRequest request, IProgress<GenerationProgress>? progress = null, CancellationToken cancellationToken = default) =>
        (await GenerateAcceptedAsync([Accept(request)], progress, cancellationToken).ConfigureAwait(false))[0];

    /// <summary>
    /// Refuses further calls, cancels those that run or wait, waits until they have ended (each within one evaluation of a network), and
    /// releases the model if the pipeline loaded it. Components that were given to the builder stay the caller's. Callers of cancelled
    /// generations get an <see cref="ObjectDisposedException"/>. From within a callback of a generation it does not wait: the model is
    /// then released when the generation has ended.
    /// </summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <inheritdoc cref="Dispose"/>
    /// <returns>Completed when all calls have ended and the model is released.</returns>
    public ValueTask DisposeAsync()
    {
        Task released = _calls.Close();
        return CallbackScope.Exists ? ValueTask.CompletedTask : new ValueTask(released);
    }

    private GenerationResult[] GenerateAccepted(
        IReadOnlyList<GenerationRequest> requests, IProgress<GenerationProgress>? progress, CancellationToken cancellationToken)
    {
        using PipelineCalls.Call call = _calls.Begin();
        using var embeddings = new HeldEmbeddings(requests);
        using var generation = new GenerationContext(_components, requests, _calls.Closing, cancellationToken);
        try
        {
            generation.Enter();
            return generation.Finished(RunCalling(generation, progress));
        }
        catch (Exception e)
        {
            if (generation.Failed(e) is { } reason) throw reason;
            throw;
        }
    }

    private async Task<GenerationResult[]> GenerateAcceptedAsync(
        IReadOnlyList<GenerationRequest> requests, IProgress<GenerationProgress>? progress, CancellationToken cancellationToken)
    {
        using PipelineCalls.Call call = _calls.Begin();
        using var embeddings = new HeldEmbeddings(requests);
        using var generation = new GenerationContext(_components, requests, _calls.Closing, cancellationToken);
        try
        {
            await generation.EnterAsync().ConfigureAwait(false);
            return generation.Finished(
                await Task.Run(() => RunCalling(generation, progress), generation.Token).ConfigureAwait(false));
        }
        catch (Exception e)
        {
            if (generation.Failed(e) is { } reason) throw reason;
            throw;
        }
    }

    private GenerationResult[] RunCalling(GenerationContext generation, IProgress<GenerationProgress>? progress)
    {
        // Handlers of Progress<T> run elsewhere and later; other callbacks run here, and the generation waits for them.
        bool isElsewhere = progress?.GetType() == typeof(Progress<GenerationProgress>);
        using CallbackScope? caller = isElsewhere ? null : CallbackScope.Begin(_components);
        return Run(generation, progress);
    }

    private GenerationRequest Accept(GenerationRequest request)
    {
        GenerationRequest complete = Complete(request);
        GenerationLimits.Check([complete], _components);
        return complete;
    }

    private GenerationRequest Complete(GenerationRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        using PipelineCalls.Call call = _calls.Begin();
        using var embeddings = new HeldEmbeddings(request);
        return RequestValidator.Complete(request, _components);
    }
}
