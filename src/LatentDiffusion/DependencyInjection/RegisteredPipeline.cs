namespace LatentDiffusion;

/// <summary>
/// A pipeline that <c>AddLatentDiffusion</c> registered. The container has one of these for each call, in order; resolve them as
/// <c>IEnumerable&lt;RegisteredPipeline&gt;</c> to list the models of an application without loading them.
/// </summary>
public sealed class RegisteredPipeline
{
    private const string Unnamed = "default";

    private readonly PipelineRegistration _registration;
    private readonly IServiceProvider _services;

    internal RegisteredPipeline(PipelineRegistration registration, IServiceProvider services) =>
        (_registration, _services) = (registration, services);

    /// <summary>The key that it was registered with; null for the pipeline without one.</summary>
    public string? Key => _registration.Name.Length == 0 ? null : _registration.Name;

    /// <summary>
    /// <see cref="Key"/>, or for the pipeline without one its <see cref="DiffusionPipeline.ModelId"/>; <c>default</c> where it has neither.
    /// </summary>
    public string Name => field ??= Key ?? _registration.ModelId(_services) ?? Unnamed;

    /// <summary>The pipeline, which the container owns. It is loaded at the first use.</summary>
    /// <exception cref="InvalidOperationException">It cannot be built; the inner exception says why.</exception>
    public DiffusionPipeline Pipeline => _registration.Resolve(_services);
}
