using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// An objective that holds the trained networks against a running average of themselves, as consistency distillation does.
/// The trainer moves the average after every step of the optimizer, and keeps it in its checkpoints; it is another than
/// <see cref="TrainingOptions.EmaDecay"/>'s, which the networks hold in the end.
/// </summary>
public interface ITargetObjective : ITrainingObjective
{
    /// <summary>
    /// Networks with the same parameters as those of <see cref="ITrainingObjective.Modules"/>, by the same names of
    /// components, which hold the average while the trainer runs; none for no average.
    /// </summary>
    IReadOnlyDictionary<string, nn.Module> Targets { get; }

    /// <summary>
    /// Decay of the average, in [0, 1): after a step it is decay·average + (1 − decay)·weights. It begins as the weights.
    /// </summary>
    double TargetDecay { get; }
}
