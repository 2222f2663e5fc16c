namespace LatentDiffusion.Evaluation;

/// <summary>The loss over a range of timesteps.</summary>
/// <param name="FirstTimestep">First timestep of the range.</param>
/// <param name="LastTimestep">Last timestep of the range.</param>
/// <param name="Timesteps">The timesteps that were evaluated.</param>
/// <param name="Loss">Mean squared error of the prediction, over images.</param>
public sealed record LossBucket(int FirstTimestep, int LastTimestep, IReadOnlyList<int> Timesteps, Estimate Loss)
{
    /// <summary>The loss of each image, in the set's order.</summary>
    internal IReadOnlyList<double> ImageLosses { get; init; } = [];
}
