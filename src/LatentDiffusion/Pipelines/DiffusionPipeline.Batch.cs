namespace LatentDiffusion;

/// <content>Several requests in one call.</content>
public sealed partial class DiffusionPipeline
{
    /// <summary>
    /// Generates the images of several requests together, on the calling thread. Up to <see cref="DiffusionPipelineOptions.BatchSize"/>
    /// images share the evaluations of the network; their prompts, negative prompts, seeds and initial images may differ. Each image is
    /// the one that its request gives separately: bit for bit if images do not share evaluations, and within rounding if they do.
    /// </summary>
    /// <param name="requests">
    /// At least one request, for at most 1024 images in total. They agree in the settings that a batch shares
    /// (<see cref="RequestSetting.IsShared"/>), such as size, steps and guidance scale. Either all of them have an initial image or none
    /// has, and likewise masks.
    /// </param>
    /// <param name="progress">
    /// Receives each evaluation of the network, over the images of all requests in their order, on the thread that generates.
    /// </param>
    /// <param name="cancellationToken">
    /// Checked before each evaluation, and while the generation waits. It stops all requests.
    /// </param>
    /// <returns>One result for each request, in their order. Timings are those of the whole call.</returns>
    /// <exception cref="ArgumentException">
    /// No request is given, or a value is out of its range, or requests differ in a shared setting; the message names request and value.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="NonFiniteValuesException">
    /// Latents or pixels became NaN or infinite: see <see cref="DiffusionPipelineOptions.AllowNonFiniteValues"/>.
    /// </exception>
    /// <exception cref="TimeoutException">The call took longer than the time limit of the requests, or else of the pipeline.</exception>
    /// <exception cref="GenerationLimitException">The requests exceed a limit of the pipeline's options. Nothing was computed.</exception>
    /// <exception cref="InvalidOperationException">
    /// It was called from a callback of another generation of the pipeline and would have to wait for that one to end.
    /// </exception>
    /// <exception cref="ObjectDisposedException">
    /// The pipeline, a component of it or an embedding of a request is disposed, before the call or during it.
    /// </exception>
    public IReadOnlyList<GenerationResult> Generate(
        IReadOnlyList<GenerationRequest> requests, IProgress<GenerationProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        GenerateAccepted(Accept(requests), progress, cancellationToken);

    /// <summary>
    /// Generates the images of several requests together, on a worker thread. No thread is held while the generation waits in the queue.
    /// </summary>
    /// <inheritdoc cref="Generate(IReadOnlyList{GenerationRequest}, IProgress{GenerationProgress}?, CancellationToken)"/>
    public async Task<IReadOnlyList<GenerationResult>> GenerateAsync(
        IReadOnlyList<GenerationRequest> requests, IProgress<GenerationProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        await GenerateAcceptedAsync(Accept(requests), progress, cancellationToken).ConfigureAwait(false);

    private GenerationRequest[] Accept(IReadOnlyList<GenerationRequest> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        RequestValidator.Check(requests.Count > 0, nameof(requests), "empty", "at least one request");
        GenerationRequest[] complete = [.. requests.Select((request, i) => Complete(request, i, requests.Count))];
        BatchCompatibility.Check(complete);
        int images = complete.Sum(r => r.ImageCount), maximum = RequestSettings.ImageCount.Range!.Maximum;
        RequestValidator.Check(images <= maximum, nameof(requests), $"for {images} images", $"at most {maximum}");
        GenerationLimits.Check(complete, _components);
        return complete;
    }

    private GenerationRequest Complete(GenerationRequest request, int index, int count)
    {
        RequestValidator.Check(request is not null, $"requests[{index}]", "null", "a request");
        try
        {
            return Complete(request!);
        }
        catch (ArgumentException e) when (count > 1)
        {
            throw new ArgumentException($"requests[{index}]: {e.Message}", e);
        }
    }
}
