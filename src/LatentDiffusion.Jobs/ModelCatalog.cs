namespace LatentDiffusion.Jobs;

/// <summary>
/// The pipelines that <c>AddLatentDiffusion</c> registered. The one without a name comes first, under its
/// <see cref="DiffusionPipeline.ModelId"/>; the others follow under their names, in the order of registration.
/// </summary>
public sealed class ModelCatalog : IModelCatalog
{
    private readonly Dictionary<string, RegisteredPipeline> _pipelines = new(StringComparer.Ordinal);

    /// <summary>Lists pipelines; none of them is loaded.</summary>
    /// <param name="pipelines">The registered pipelines. Of several with the same key, the last one counts, as in the container.</param>
    /// <exception cref="ArgumentException">The pipeline without a key has the name of another one.</exception>
    public ModelCatalog(IEnumerable<RegisteredPipeline> pipelines)
    {
        ArgumentNullException.ThrowIfNull(pipelines);
        IEnumerable<RegisteredPipeline> effective = pipelines.GroupBy(p => p.Key).Select(g => g.Last()).OrderBy(p => p.Key is not null);
        var names = new List<string>();
        foreach (RegisteredPipeline pipeline in effective)
        {
            if (!_pipelines.TryAdd(pipeline.Name, pipeline))
            {
                throw new ArgumentException(
                    $"Two pipelines have the name '{MessageText.Truncate(pipeline.Name, 100)}'; "
                    + "set another ModelId for the one without a key.",
                    nameof(pipelines));
            }

            names.Add(pipeline.Name);
        }

        Names = names;
    }

    /// <inheritdoc/>
    public IReadOnlyList<string> Names { get; }

    /// <inheritdoc/>
    public DiffusionPipeline Get(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _pipelines.TryGetValue(name, out RegisteredPipeline? pipeline)
            ? pipeline.Pipeline
            : throw new UnknownModelException(name, Names);
    }
}
