namespace LatentDiffusion;

/// <summary>
/// A request exceeds a limit of <see cref="DiffusionPipelineOptions"/>. Nothing was computed for it. For a full queue
/// (<see cref="IsTransient"/>) a service answers 503, for the others 413 or 400.
/// </summary>
public sealed class GenerationLimitException : InvalidOperationException
{
    internal GenerationLimitException(string limit, long requested, long maximum, string message) : base(message) =>
        (Limit, Requested, Maximum) = (limit, requested, maximum);

    /// <summary>
    /// Name of the option: <see cref="DiffusionPipelineOptions.MaximumPixels"/>, <see cref="DiffusionPipelineOptions.MaximumImages"/>,
    /// <see cref="DiffusionPipelineOptions.MaximumQueueLength"/> or <see cref="DiffusionPipelineOptions.MaximumMemory"/>.
    /// </summary>
    public string Limit { get; }

    /// <summary>The requested value, in the unit of the option.</summary>
    public long Requested { get; }

    /// <summary>The option's value.</summary>
    public long Maximum { get; }

    /// <summary>Whether the same request may succeed later.</summary>
    public bool IsTransient => Limit == nameof(DiffusionPipelineOptions.MaximumQueueLength);
}
