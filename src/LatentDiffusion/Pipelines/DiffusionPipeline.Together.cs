namespace LatentDiffusion;

/// <content>Several requests at once.</content>
public sealed partial class DiffusionPipeline
{
    /// <summary>
    /// Generates the pictures of several requests together, on the calling thread: as many as
    /// <see cref="DiffusionPipelineOptions.BatchSize"/> says share the evaluations of the network, whatever their
    /// prompts, negative prompts, seeds and pictures to start from. Each picture is the one that its request gives alone: bit
    /// for bit where pictures do not share evaluations, and but for rounding where they do.
    /// </summary>
    /// <param name="requests">
    /// What to generate: at least one, for at most 1024 pictures in all. They have the same size, steps, guidance scale,
    /// strength, upscaling, control weights and time limit; all of them have a picture to start from or a mask, or none.
    /// </param>
    /// <param name="progress">Told after each evaluation of the network, of the pictures of all requests in their order, on the thread that generates.</param>
    /// <param name="cancellationToken">Checked before each evaluation, and while it waits for its turn; it stops all of them.</param>
    /// <returns>One result a request, in their order, each with its request's prompt and seeds. Timings are those of the whole.</returns>
    /// <exception cref="ArgumentException">
    /// There is no request, or one has a value out of its range, or they differ in what evaluations share; the message names
    /// request and value.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="NonFiniteValuesException">Latents or pixels became NaN or infinite: see <see cref="DiffusionPipelineOptions.AllowNonFiniteValues"/>.</exception>
    /// <exception cref="TimeoutException">All of it together took longer than the requests', or else the pipeline's, time limit.</exception>
    /// <exception cref="GenerationLimitException">The requests exceed a limit of the pipeline's options. Nothing was computed.</exception>
    /// <exception cref="InvalidOperationException">It was called from a callback of another generation of the pipeline, and would have to wait for that one to end.</exception>
    /// <exception cref="ObjectDisposedException">The pipeline, a part of it or an embedding of a request is disposed, before the call or during it.</exception>
    public IReadOnlyList<GenerationResult> Generate(
        IReadOnlyList<GenerationRequest> requests, IProgress<GenerationProgress>? progress = null, CancellationToken cancellationToken = default) =>
        GenerateAccepted(Accept(requests), progress, cancellationToken);

    /// <summary>Generates the pictures of several requests together, on a worker thread; no thread is held while it waits for its turn.</summary>
    /// <inheritdoc cref="Generate(IReadOnlyList{GenerationRequest}, IProgress{GenerationProgress}?, CancellationToken)"/>
    public async Task<IReadOnlyList<GenerationResult>> GenerateAsync(
        IReadOnlyList<GenerationRequest> requests, IProgress<GenerationProgress>? progress = null, CancellationToken cancellationToken = default) =>
        await GenerateAcceptedAsync(Accept(requests), progress, cancellationToken).ConfigureAwait(false);

    private GenerationRequest[] Accept(IReadOnlyList<GenerationRequest> requests)
    {
        ArgumentNullException.ThrowIfNull(requests);
        RequestValidator.Check(requests.Count > 0, nameof(requests), "empty", "at least one request");
        GenerationRequest[] complete = [.. requests.Select((request, i) => Complete(request, i, requests.Count))];
        BatchCompatibility.Check(complete);
        int pictures = complete.Sum(r => r.Count), maximum = RequestSettings.Count.Range!.Maximum;
        RequestValidator.Check(pictures <= maximum, nameof(requests), $"for {pictures} pictures", $"at most {maximum}");
        GenerationLimits.Check(complete, _parts);
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
