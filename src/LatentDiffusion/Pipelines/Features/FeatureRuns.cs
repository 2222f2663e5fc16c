namespace LatentDiffusion;

/// <summary>The features of a pipeline in one generation.</summary>
internal sealed class FeatureRuns : IDisposable
{
    private readonly List<IFeatureRun> _runs = [];

    /// <summary>Begins the part of each feature that has one.</summary>
    public FeatureRuns(GenerationContext generation, PipelineComponents components)
    {
        try
        {
            foreach (IPipelineFeature feature in components.Features)
                if (feature.Begin(generation, components) is { } run) _runs.Add(run);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The additions of each to one pass of a request: see <see cref="IFeatureRun.Prepare"/>.</summary>
    public IReadOnlyList<IFeaturePass> Prepare(GenerationRequest pass, int index) => [.. _runs.Select(r => r.Prepare(pass, index))];

    /// <summary>The decoded image of a request with the changes of each: see <see cref="IFeatureRun.Finish"/>.</summary>
    public ImageBuffer Finish(ImageBuffer image, int index) => _runs.Aggregate(image, (changed, run) => run.Finish(changed, index));

    public void Dispose()
    {
        foreach (IFeatureRun run in _runs) run.Dispose();
        _runs.Clear();
    }
}
