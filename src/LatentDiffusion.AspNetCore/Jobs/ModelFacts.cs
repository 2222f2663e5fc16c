namespace LatentDiffusion.AspNetCore;

/// <summary>
/// What is known of the models whose pipelines this process has. A server without pipelines knows nothing; its workers check requests.
/// </summary>
/// <param name="services">The container, which has the catalogue of a server with pipelines.</param>
/// <param name="options">The server's settings.</param>
internal sealed class ModelFacts(IServiceProvider services, CurrentServerOptions options)
{
    private readonly IModelCatalog? _catalog = services.GetService<IModelCatalog>();

    /// <summary>Name of the default model: that of the settings, or the first of this process; null for neither.</summary>
    public string? DefaultName => options.Value.DefaultModel ?? (_catalog is { Names: [var first, ..] } ? first : null);

    /// <summary>The pipeline of a model, loaded if it was not yet; null where other processes have it.</summary>
    public async Task<DiffusionPipeline?> FindAsync(string model, CancellationToken cancellationToken) =>
        _catalog is not null && _catalog.Names.Contains(model)
            ? await Task.Run(() => _catalog.Get(model), cancellationToken).ConfigureAwait(false)
            : null;

    /// <summary>That of the default model.</summary>
    public async Task<DiffusionPipeline?> FindDefaultAsync(CancellationToken cancellationToken) =>
        DefaultName is { } name ? await FindAsync(name, cancellationToken).ConfigureAwait(false) : null;
}
