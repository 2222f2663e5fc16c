using System.Runtime.CompilerServices;
using System.Threading.Channels;

namespace LatentDiffusion;

/// <content>Streaming of steps and previews.</content>
public sealed partial class DiffusionPipeline
{
    /// <summary>
    /// Generates on a worker thread and yields an element for each evaluation of the network, with previews; the last element has the
    /// result. Starts when it is enumerated. Leaving the enumeration stops the generation.
    /// </summary>
    /// <param name="request">What to generate.</param>
    /// <param name="previewEvery">
    /// Number of evaluations from one preview of each image of the batch to the next; 0 for no previews. Default 1.
    /// </param>
    /// <param name="cancellationToken">Checked before each evaluation.</param>
    /// <exception cref="ArgumentException">
    /// A value of the request is out of its range, or <paramref name="previewEvery"/> is negative.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="NonFiniteValuesException">
    /// Latents or pixels became NaN or infinite: see <see cref="DiffusionPipelineOptions.AllowNonFiniteValues"/>.
    /// </exception>
    /// <exception cref="TimeoutException">It took longer than its time limit.</exception>
    /// <exception cref="GenerationLimitException">The request exceeds a limit of the pipeline's options. Nothing was computed.</exception>
    /// <exception cref="ObjectDisposedException">
    /// The pipeline, a component of it or an embedding of the request is disposed before the enumeration ends.
    /// </exception>
    public IAsyncEnumerable<GenerationUpdate> GenerateStreamingAsync(
        GenerationRequest request, int previewEvery = 1, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(previewEvery);
        return Stream(Accept(request), previewEvery, cancellationToken);
    }

    private async IAsyncEnumerable<GenerationUpdate> Stream(
        GenerationRequest request, int previewEvery, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        // Unbounded: a slow reader must not hold the weights, and each evaluation adds at most one element.
        var updates = Channel.CreateUnbounded<GenerationUpdate>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true });
        var observer = new StreamObserver(updates.Writer, _components, previewEvery);
        Task<GenerationResult> generation = Complete();
        try
        {
            await foreach (GenerationUpdate update in updates.Reader.ReadAllAsync(CancellationToken.None).ConfigureAwait(false))
                yield return update;
            GenerationResult result = await generation.ConfigureAwait(false);
            yield return new GenerationUpdate(observer.Last with { ImageIndex = result.Images.Count - 1 }, [], result);
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await ((Task)generation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        async Task<GenerationResult> Complete()
        {
            try
            {
                return await GenerateAsync(request, observer, stop.Token).ConfigureAwait(false);
            }
            finally
            {
                updates.Writer.Complete();
            }
        }
    }
}
