using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>The loss of a step and its gradients, collected over the step's batches.</summary>
internal sealed class StepGradients(ITrainingObjective objective, FlatParameters parameters, TrainingOptions options)
{
    /// <summary>The gradients of a step's mean loss, clipped.</summary>
    /// <param name="step">Number of the step, from 0.</param>
    /// <param name="selection">Replaces items that are left out; null if none is.</param>
    /// <param name="metrics">Receives the objective's metrics, each the mean over the batches.</param>
    /// <returns>The loss, and the gradients' norm before clipping.</returns>
    public (double Loss, double Norm) Compute(long step, ItemSelection? selection, Dictionary<string, double> metrics)
    {
        metrics.Clear();
        parameters.ClearGradients();
        double loss = 0;
        for (int i = 0; i < options.GradientAccumulation; i++) loss += Batch(step, i, selection, metrics);
        return (loss, parameters.ClipGradients(options.Optimizer.GradientClip, options.Optimizer.ClipByComponent));
    }

    /// <summary>Whether the loss and the gradients of one batch are finite when it consists of one item only.</summary>
    public bool IsFinite(long step, int batch, long item)
    {
        parameters.ClearGradients();
        double loss = Batch(step, batch, new ItemSelection(_ => false, item), []);
        return double.IsFinite(loss) && double.IsFinite(parameters.ClipGradients(null));
    }

    private double Batch(long step, int batch, ItemSelection? selection, Dictionary<string, double> metrics)
    {
        int batches = options.GradientAccumulation;
        using DisposeScope scope = NewDisposeScope();
        long index = step * batches + batch;
        using var generator = new Generator(SeedSequence.ForStep(options.Seed, index));
        // A separate stream, so that a network with dropout sees the same noise as one without.
        using var dropout = new Generator(SeedSequence.ForStep(~options.Seed, index));
        using IDisposable draws = DropoutRandom.From(dropout);
        var training = new TrainingStep(index, generator) { Step = step, Selection = selection };
        Tensor value = objective.Loss(training);
        (batches == 1 ? value : value.Divide(batches)).backward();
        parameters.CollectGradients();
        foreach ((string name, double figure) in training.Metrics) metrics[name] = metrics.GetValueOrDefault(name) + figure / batches;
        using Tensor number = value.detach().to(ScalarType.Float64);
        return number.item<double>() / batches;
    }
}
