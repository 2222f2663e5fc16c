namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>Says which models read the images of an edit as references, and do not start from them.</summary>
internal sealed class ReferenceModels(IModelCatalog? catalog = null)
{
    /// <summary>Whether a model does; null where only other processes have the model. Loads it at first use.</summary>
    public async Task<bool?> ReadsReferenceImagesAsync(string model, CancellationToken cancellationToken) =>
        catalog is not null && catalog.Names.Contains(model)
            ? await Task.Run(() => catalog.Get(model).ReadsReferenceImages, cancellationToken).ConfigureAwait(false)
            : null;
}
