using System.Collections.Concurrent;

namespace LatentDiffusion.AspNetCore.OpenAI;

/// <summary>Knows which models read the images of an edit as references, and do not start from them.</summary>
internal sealed class ReferenceModels(ModelFacts models)
{
    private readonly ConcurrentDictionary<string, bool> _learned = new(StringComparer.Ordinal);

    /// <summary>A model. Loads one of this process at first use.</summary>
    public async Task<EditingModel> FindAsync(string name, CancellationToken cancellationToken)
    {
        if (await models.FindAsync(name, cancellationToken).ConfigureAwait(false) is { } pipeline)
            return new EditingModel(pipeline.ReadsReferenceImages, pipeline);
        return new EditingModel(_learned.TryGetValue(name, out bool reads) ? reads : null);
    }

    /// <summary>Keeps what a job has shown.</summary>
    public void Learn(string model, bool readsReferences) => _learned[model] = readsReferences;
}
