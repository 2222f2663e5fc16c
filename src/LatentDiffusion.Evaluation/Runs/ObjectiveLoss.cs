using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// The loss of any objective over fixed batches with fixed random numbers, so that two measurements differ only by the weights.
/// With an objective over images that are not trained on, it is a validation loss. It has separate random generators, so that a
/// training run is the same with and without measurements.
/// </summary>
/// <remarks>
/// The interval is over batches. Use one image per batch, so that it describes the loss on all other images. Leave out loss
/// terms that do not measure quality, such as an adversarial loss.
/// </remarks>
public sealed class ObjectiveLoss
{
    private readonly ITrainingObjective _objective;
    private readonly long _batches;
    private readonly ulong _seed;

    /// <summary>Prepares measurements of networks, which may be in training in the meantime.</summary>
    /// <param name="objective">The objective, over the images to measure on.</param>
    /// <param name="batches">Number of batches, from the first; at least 1.</param>
    /// <param name="seed">Seed of the random numbers, in addition to the batch's index. Default 0.</param>
    public ObjectiveLoss(ITrainingObjective objective, long batches, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(objective);
        ArgumentOutOfRangeException.ThrowIfLessThan(batches, 1);
        (_objective, _batches, _seed) = (objective, batches, seed);
    }

    /// <summary>
    /// Processes that measure together, each a part of the batches: all of them measure the same, and all receive the result. Null, the
    /// default, for one process.
    /// </summary>
    public IProcessGroup? Processes { get; init; }

    /// <summary>Measures the loss with the current weights. The caller sets the networks' mode, usually to evaluation.</summary>
    public LossEstimate Measure() => LossEstimate.FromLosses(PerBatch());

    /// <summary>The loss of each batch.</summary>
    public double[] PerBatch()
    {
        using IDisposable noGrad = no_grad();
        return [.. Processes.ShareNumbers(checked((int)_batches), i =>
        {
            using DisposeScope scope = NewDisposeScope();
            using var generator = new Generator(SeedSequence.ForStep(_seed, i));
            return [_objective.Loss(new TrainingStep(i, generator)).to(ScalarType.Float64).item<double>()];
        }).Select(loss => loss[0])];
    }
}
