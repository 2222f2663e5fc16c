namespace LatentDiffusion.Jobs;

/// <summary>A job names a model that no worker has.</summary>
/// <param name="model">The name.</param>
/// <param name="known">The models that there are.</param>
public sealed class UnknownModelException(string model, IReadOnlyList<string> known)
    : Exception($"Model '{MessageText.Truncate(model, 100)}' does not exist; {(known.Count == 0
        ? "no worker offers a model." : $"available are {MessageText.List(known)}.")}")
{
    /// <summary>The name.</summary>
    public string Model { get; } = model;
}
