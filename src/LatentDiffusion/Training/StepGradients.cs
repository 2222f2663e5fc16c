using System.Runtime.ExceptionServices;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// The loss of a step and its gradients, collected over the step's batches. Several processes divide the batches: batch i is computed by
/// process i mod N, and the gradients are summed in the order of the batches.
/// </summary>
/// <param name="objective">The objective.</param>
/// <param name="parameters">The trained parameters.</param>
/// <param name="options">Seed, accumulation and clipping.</param>
/// <param name="reducer">Sums over several processes; null for one.</param>
/// <param name="scale">What the loss is multiplied by in the backward pass; null for 1.</param>
internal sealed class StepGradients(
    ITrainingObjective objective, FlatParameters parameters, TrainingOptions options, IGradientReducer? reducer, LossScale? scale = null)
{
    /// <summary>Numbers of the step's batches that this process computes.</summary>
    public IEnumerable<int> OwnBatches
    {
        get
        {
            for (int i = reducer?.Rank ?? 0; i < options.GradientAccumulation; i += reducer?.Size ?? 1) yield return i;
        }
    }

    /// <summary>The gradients of a step's mean loss, clipped.</summary>
    /// <param name="step">Number of the step, from 0.</param>
    /// <param name="selection">Replaces items that are left out; null if none is.</param>
    /// <param name="metrics">Receives the objective's metrics, each the mean over the batches.</param>
    /// <returns>The loss, and the gradients' norm before clipping.</returns>
    public (double Loss, double Norm) Compute(long step, ItemSelection? selection, Dictionary<string, double> metrics)
    {
        while (true)
        {
            (double loss, double norm) = All(step, selection, metrics);
            if (scale is null) return (loss, norm);
            // Gradients that overflow are computed again, from the same draws, with a smaller scale. All processes see the same norm.
            if (double.IsFinite(loss) && !double.IsFinite(norm) && scale.TryShrink()) continue;
            if (double.IsFinite(norm)) scale.Grow();
            metrics["loss_scale"] = scale.Value;
            return (loss, norm);
        }
    }

    /// <summary>Whether the loss and the gradients of one batch are finite when it consists of one item only.</summary>
    public bool IsFinite(long step, int batch, long item)
    {
        parameters.ClearGradients();
        double loss = Batch(step, batch, new ItemSelection(_ => false, item)).Loss;
        return double.IsFinite(loss) && double.IsFinite(parameters.ClipGradients(null));
    }

    private (double Loss, double Norm) All(long step, ItemSelection? selection, Dictionary<string, double> metrics)
    {
        metrics.Clear();
        (double loss, double norm) = (0, 0);
        IReadOnlyList<BatchFigures> batches = reducer is { Size: > 1 }
            ? Shared(step, selection, out norm)
            : Here(step, selection, out norm);
        foreach (BatchFigures batch in batches)
        {
            loss += batch.Loss;
            foreach ((string name, double figure) in batch.Metrics)
                metrics[name] = metrics.GetValueOrDefault(name) + figure / batches.Count;
        }

        return (loss, norm);
    }

    private List<BatchFigures> Here(long step, ItemSelection? selection, out double norm)
    {
        parameters.ClearGradients();
        List<BatchFigures> batches = [.. OwnBatches.Select(i => Batch(step, i, selection))];
        norm = Clip();
        return batches;
    }

    private BatchFigures[] Shared(long step, ItemSelection? selection, out double norm)
    {
        int batches = options.GradientAccumulation, size = reducer!.Size;
        var own = new List<BatchFigures>();
        ExceptionDispatchInfo? failure = null;
        for (int first = 0; first < batches; first += size)
        {
            parameters.ClearGradients();
            int i = first + reducer.Rank;
            try
            {
                if (i < batches && failure is null) own.Add(Batch(step, i, selection));
            }
            catch (Exception e)
            {
                // The others wait for this process's part, and learn of the failure below.
                failure = ExceptionDispatchInfo.Capture(e);
                parameters.ClearGradients();
            }

            // Zeros where this process has no batch: they leave every bit of a sum as it is.
            reducer.Add(parameters.Gradients);
        }

        reducer.Complete(parameters.Gradients);
        (double Norm, BatchFigures[] Batches)[] all = [.. reducer.Exchange(() =>
        {
            failure?.Throw();
            return BatchFigures.Write(Clip(), own);
        }).Select(BatchFigures.Read)];
        // That of process 0, so that all decide the same about it.
        norm = all[0].Norm;
        return [.. Enumerable.Range(0, batches).Select(i => all[i % size].Batches[i / size])];
    }

    private double Clip() => parameters.ClipGradients(options.Optimizer.GradientClip, options.Optimizer.ClipByComponent);

    private BatchFigures Batch(long step, int batch, ItemSelection? selection)
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
        Tensor mean = batches == 1 ? value : value.Divide(batches);
        (scale is null ? mean : mean.Multiply(scale.Value)).backward();
        parameters.CollectGradients(scale?.Value ?? 1);
        using Tensor number = value.detach().to(ScalarType.Float64);
        return new BatchFigures(number.item<double>() / batches, training.Metrics);
    }
}
