using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Evaluation;

/// <summary>
/// The loss of any objective over fixed batches with fixed draws, so that two measurements differ by the weights alone:
/// given an objective over pictures that are not trained on, its validation loss. Draws from generators of its own, so that
/// a training run is the same with measurements and without.
/// </summary>
/// <remarks>
/// The interval is over batches, so take one picture a batch: then it says how well so many pictures tell the loss on all
/// others. Leave out what is no measure of quality, such as an adversary.
/// </remarks>
public sealed class ObjectiveLoss
{
    private readonly ITrainingObjective _objective;
    private readonly long _batches;
    private readonly ulong _seed;

    /// <summary>Prepares measurements of networks, which may be in training meanwhile.</summary>
    /// <param name="objective">The objective, over the pictures that are measured on.</param>
    /// <param name="batches">How many batches, from the first; at least 1.</param>
    /// <param name="seed">What is random in a batch follows from it and the batch's number. Default 0.</param>
    public ObjectiveLoss(ITrainingObjective objective, long batches, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(objective);
        ArgumentOutOfRangeException.ThrowIfLessThan(batches, 1);
        (_objective, _batches, _seed) = (objective, batches, seed);
    }

    /// <summary>Measures the loss with the weights as they are. The networks' mode is the caller's: evaluation mode, as a rule.</summary>
    public LossEstimate Measure() => LossEstimate.Of(PerBatch());

    /// <summary>The loss of each batch.</summary>
    public double[] PerBatch()
    {
        using IDisposable noGrad = no_grad();
        double[] losses = new double[_batches];
        for (long i = 0; i < _batches; i++)
        {
            using DisposeScope scope = NewDisposeScope();
            using var generator = new Generator(SeedSequence.Of(_seed, i));
            losses[i] = _objective.Loss(new TrainingStep(i, generator)).to(ScalarType.Float64).item<double>();
        }

        return losses;
    }
}
