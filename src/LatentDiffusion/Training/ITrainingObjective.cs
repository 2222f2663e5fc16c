using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>What a training run minimises, with the data it minimises it on.</summary>
public interface ITrainingObjective
{
    /// <summary>The networks that are trained, by the name of the component.</summary>
    IReadOnlyDictionary<string, nn.Module> Modules { get; }

    /// <summary>The loss of one batch: a function of only <paramref name="step"/> and the weights.</summary>
    /// <remarks>
    /// The library's networks take their dropout from the step's number. TorchSharp's own <c>nn.Dropout</c> draws from the
    /// global generator, of which the whole process has one: an objective whose networks have it begins with
    /// <c>manual_seed</c> of a number drawn from the step's generator, or its runs are not resumed exactly.
    /// </remarks>
    /// <returns>A scalar that gradients can be taken of.</returns>
    Tensor Loss(TrainingStep step);

    /// <summary>
    /// What of it a resumed run must have in common with the run that it resumes, values by names in snake_case: what
    /// decides which items a batch has. Checkpoints hold it, and are refused where it is another. What may be changed on
    /// the way (weightings, noise, the learning rate) is not of it. None where the objective does not say.
    /// </summary>
    IReadOnlyDictionary<string, string> Identity => System.Collections.ObjectModel.ReadOnlyDictionary<string, string>.Empty;

    /// <summary>Names of what a batch consists of (files, indices), for messages; none where the objective does not say.</summary>
    /// <param name="index">Number of the batch, as <see cref="TrainingStep.Index"/>.</param>
    IReadOnlyList<string> Items(long index) => [];
}
