using System.Collections.Concurrent;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>Knows which models read the images of an edit as references, and do not start from them.</summary>
internal sealed class ReferenceModels(IModelCatalog? catalog = null)
{
    private readonly ConcurrentDictionary<string, bool> _learned = new(StringComparer.Ordinal);

    /// <summary>
    /// Whether a model does; null where only other processes have the model and none of its jobs has shown it. Loads a model of this
    /// process at first use.
    /// </summary>
    public async Task<bool?> ReadsReferenceImagesAsync(string model, CancellationToken cancellationToken)
    {
        if (catalog is not null && catalog.Names.Contains(model))
            return await Task.Run(() => catalog.Get(model).ReadsReferenceImages, cancellationToken).ConfigureAwait(false);
        return _learned.TryGetValue(model, out bool reads) ? reads : null;
    }

    /// <summary>Keeps what a job has shown.</summary>
    public void Learn(string model, bool readsReferences) => _learned[model] = readsReferences;
}
