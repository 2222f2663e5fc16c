using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>The objective of a training run, with its data.</summary>
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

    /// <summary>Names of a batch's items (files, indices), for messages; empty if the objective has none.</summary>
    /// <param name="index">Number of the batch, as <see cref="TrainingStep.Index"/>.</param>
    IReadOnlyList<string> Items(long index) => [];

    /// <summary>
    /// Networks that hold a running average of <see cref="Modules"/>, by the same names and with the same parameters, against which the
    /// objective compares them, as consistency distillation does. The trainer moves the average after every step of the optimizer and
    /// saves it in its checkpoints; it is another than that of <see cref="TrainingOptions.EmaDecay"/>, which the networks hold in the
    /// end. Default none.
    /// </summary>
    IReadOnlyDictionary<string, nn.Module> Targets => System.Collections.ObjectModel.ReadOnlyDictionary<string, nn.Module>.Empty;

    /// <summary>
    /// Decay of the average in <see cref="Targets"/>, in [0, 1): after a step it is decay·average + (1 − decay)·weights. It begins as the
    /// weights. Default 0.
    /// </summary>
    double TargetDecay => 0;

    /// <summary>Networks that it computes with and does not train, which the trainer takes to the run's precision. Default none.</summary>
    IReadOnlyList<nn.Module> FrozenNetworks => [];

    /// <summary>What is worth a warning before a run, in plain sentences. Default none.</summary>
    IReadOnlyList<string> Warnings => [];

    /// <summary>Its numbered items; null, the default, where batches do not consist of such.</summary>
    internal IItemBatches? ItemBatches => null;

    /// <summary>
    /// Brings the items into the order of a run's seed, before the first step; until then the order is that of seed 0. Default: the order
    /// does not depend on it.
    /// </summary>
    void UseSeed(ulong seed)
    {
    }
}
