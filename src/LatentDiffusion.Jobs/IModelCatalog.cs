namespace LatentDiffusion.Jobs;

/// <summary>The pipelines of this process by the names that jobs use.</summary>
public interface IModelCatalog
{
    /// <summary>Names of the models, the default one first.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>The pipeline of a model, which the catalogue owns. It is loaded at first use.</summary>
    /// <param name="name">One of <see cref="Names"/>.</param>
    /// <exception cref="UnknownModelException">There is no such model.</exception>
    DiffusionPipeline Get(string name);
}
