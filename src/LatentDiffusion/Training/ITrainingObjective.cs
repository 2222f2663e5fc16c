using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>What a training run minimises, with the data it minimises it on.</summary>
public interface ITrainingObjective
{
    /// <summary>The networks that are trained, by the name of the component.</summary>
    IReadOnlyDictionary<string, nn.Module> Modules { get; }

    /// <summary>The loss of one step's batch: a function of <paramref name="step"/> and the weights alone.</summary>
    /// <returns>A scalar that gradients can be taken of.</returns>
    Tensor Loss(TrainingStep step);
}
