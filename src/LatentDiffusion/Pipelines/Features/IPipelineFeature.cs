namespace LatentDiffusion;

/// <summary>
/// A feature of a built pipeline, such as ControlNets or a refiner: its additions to requests, metadata and generations. A feature is
/// listed in <see cref="PipelineFeatures"/>; builder and denoising loop do not know it.
/// </summary>
internal interface IPipelineFeature : IDisposable
{
    /// <summary>The networks that it brings, which the pipeline may move between devices.</summary>
    IReadOnlyList<IOffloadable> Networks => [];

    /// <summary>Those of them that take part in denoising.</summary>
    IReadOnlyList<IOffloadable> DenoisingNetworks => Networks;

    /// <summary>Changes which values the denoiser's runs may reuse between evaluations.</summary>
    DenoiserRunOptions Configure(DenoiserRunOptions options) => options;

    /// <summary>Fills in null settings of a request.</summary>
    GenerationRequest Complete(GenerationRequest request) => request;

    /// <summary>Checks a request that is complete.</summary>
    /// <param name="request">The request.</param>
    /// <param name="plan">Timesteps and noise levels; of two passes, the first.</param>
    /// <exception cref="ArgumentException">The pipeline cannot do what the request asks for; the message names it.</exception>
    void Validate(GenerationRequest request, SamplingPlan plan)
    {
    }

    /// <summary>The part of a prompt that is text, where the feature reads the rest.</summary>
    string ReadPrompt(string prompt) => prompt;

    /// <summary>Prepares the networks for a generation that is about to begin; null where the feature has nothing to prepare.</summary>
    /// <param name="requests">Its requests, complete.</param>
    /// <param name="mayWait">Whether it may wait for the end of other generations.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Is disposed when the generation has ended.</returns>
    ValueTask<IDisposable?> EnterAsync(IReadOnlyList<GenerationRequest> requests, bool mayWait, CancellationToken cancellationToken) =>
        ValueTask.FromResult<IDisposable?>(null);

    /// <summary>Adds to the conditioning of one pass. New tensors belong to the caller's dispose scope.</summary>
    /// <param name="prompt">Conditioning of prompt and negative prompt; null where guidance does not need the latter.</param>
    /// <param name="pass">The request of the pass, complete and with its size.</param>
    (Conditioning Text, Conditioning? Negative) Condition((Conditioning Text, Conditioning? Negative) prompt, GenerationRequest pass) =>
        prompt;

    /// <summary>Begins its part in a generation; null where it has none.</summary>
    IFeatureRun? Begin(GenerationContext generation, PipelineComponents components) => null;

    /// <summary>An estimate of the memory in bytes that its networks take at one evaluation of the denoiser.</summary>
    /// <param name="batch">Number of latents that are evaluated at once.</param>
    /// <param name="latentPixels">Height times width of the latents.</param>
    long WorkingBytes(long batch, long latentPixels) => 0;

    /// <summary>An estimate of the memory in bytes that its work on decoded images takes.</summary>
    /// <param name="request">A request that is complete.</param>
    long FinishingBytes(GenerationRequest request) => 0;

    /// <summary>Entries of image metadata. Text is written as it is, other values as JSON, and null is left out.</summary>
    IEnumerable<(string Key, object? Value)> Describe() => [];

    /// <summary>Releases its resources.</summary>
    void IDisposable.Dispose()
    {
    }
}
