namespace LatentDiffusion;

/// <summary>The features of a pipeline in one generation.</summary>
internal sealed class FeatureRuns : IDisposable
{
    private readonly List<IFeatureRun> _runs = [];

    /// <summary>Begins the part of each feature that has one.</summary>
    public FeatureRuns(GenerationContext generation, PipelineComponents parts)
    {
        try
        {
            foreach (IPipelineFeature feature in parts.Features)
                if (feature.Begin(generation, parts) is { } run) _runs.Add(run);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What each of them adds to one pass of a request: see <see cref="IFeatureRun.Prepare"/>.</summary>
    public IReadOnlyList<IFeaturePass> Prepare(GenerationRequest pass, int index) => [.. _runs.Select(r => r.Prepare(pass, index))];

    public void Dispose()
    {
        foreach (IFeatureRun run in _runs) run.Dispose();
        _runs.Clear();
    }
}
