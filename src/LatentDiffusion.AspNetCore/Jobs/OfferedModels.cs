namespace LatentDiffusion.AspNetCore;

/// <summary>The models that workers offer, the default one first.</summary>
/// <param name="queue">The queue of the workers.</param>
/// <param name="facts">The models of this process.</param>
internal sealed class OfferedModels(IImageJobQueue queue, ModelFacts facts)
{
    /// <summary>Lists the models. The order of the others is that of the queue.</summary>
    public async Task<IReadOnlyList<string>> ListAsync(CancellationToken cancellationToken)
    {
        IReadOnlyList<string> models = await queue.ModelsAsync(cancellationToken).ConfigureAwait(false);
        // Otherwise the default would change with the worker that has run longest.
        return facts.DefaultName is { } name && models.Contains(name) ? [name, .. models.Where(model => model != name)] : models;
    }
}
