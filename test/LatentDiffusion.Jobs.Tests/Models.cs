namespace LatentDiffusion.Jobs.Tests;

/// <summary>Names of models without pipelines.</summary>
internal sealed class Models(params string[] names) : IModelCatalog
{
    public IReadOnlyList<string> Names => names;

    public DiffusionPipeline Get(string name) => throw new UnknownModelException(name, names);
}
