namespace LatentDiffusion;

/// <summary>Where a pipeline's model comes from.</summary>
internal abstract class ModelSource
{
    /// <summary>Whether the model is read from files, in a precision of choice.</summary>
    public virtual bool ReadsFiles => false;

    /// <summary>Name of the model in logs and metadata; null for a model without a name.</summary>
    public virtual string? NameFor(IServiceProvider services) => null;

    /// <summary>Path of the file that the model is read from; null for a folder, or a model that is not read from one file.</summary>
    public virtual string? File => null;

    /// <summary>Opens the model; null if the source does not have one.</summary>
    /// <param name="services">The container that the pipeline is built from.</param>
    /// <param name="placement">Where the pipeline wants the model. A device or precision that the source was given has precedence.</param>
    public abstract DiffusionModel? Open(IServiceProvider services, ModelPlacement placement);

    /// <summary>The last part of a folder's path.</summary>
    protected static string NameOf(string folder) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
}
