namespace LatentDiffusion.Models;

/// <summary>The folder of one component, while a model is read.</summary>
/// <param name="Path">The folder, already checked.</param>
/// <param name="Name">Name of the component.</param>
/// <param name="Options">How the model is loaded.</param>
/// <param name="Components">The components that were read before it, by name.</param>
internal sealed record ComponentFolder(string Path, string Name, CheckpointOptions Options, IReadOnlyDictionary<string, object> Components)
{
    /// <summary>How the weights of networks were stored, by component; added to by those that are read.</summary>
    public Dictionary<string, WeightsLayout> Layouts { get; init; } = [];
}
