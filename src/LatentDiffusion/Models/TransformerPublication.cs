namespace LatentDiffusion.Models;

/// <summary>How models of a transformer family were published, for files that hold only weights.</summary>
/// <param name="Names">The names of the original code.</param>
/// <param name="Marker">Beginning of tensors that no other family has, after the network's prefix.</param>
/// <param name="Infer">The configuration that follows from tensors with the network's names.</param>
internal sealed record TransformerPublication<TConfig>(OriginalNames Names, string Marker, Func<ITensorSource, TConfig> Infer)
    where TConfig : NetworkConfig
{
    /// <summary>Beginnings of such tensors in files with the names of folders, where they differ. Default none.</summary>
    public IReadOnlyList<string> FolderMarkers { get; init; } = [];

    /// <summary>Where the transformer begins in files of whole models; files of only the transformer have no prefix.</summary>
    public const string Prefix = "model.diffusion_model.";

    /// <summary>The pipeline that a network belongs to.</summary>
    public required Func<TConfig, string> PipelineClass { get; init; }

    /// <summary>The scheduler of a network.</summary>
    public required Func<TConfig, SchedulerConfig> Scheduler { get; init; }

    /// <summary>Whether a tensor belongs to no network. Default none.</summary>
    public Func<string, bool> IsNote { get; init; } = _ => false;
}
