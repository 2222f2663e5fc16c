using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>What an objective needs of the step it computes the loss of.</summary>
/// <param name="Index">Number of the step, from 0.</param>
/// <param name="Generator">Source of everything random in it, seeded by the run's seed and the step's number alone.</param>
public sealed record TrainingStep(long Index, Generator Generator);
