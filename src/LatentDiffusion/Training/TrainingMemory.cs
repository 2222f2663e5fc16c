using System.ComponentModel.DataAnnotations;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Memory that <see cref="Trainer"/> needs in addition to the networks and the activations of a batch, in bytes. It depends on the shapes
/// of the trained parameters and on the options.
/// </summary>
public sealed class TrainingMemory
{
    private const long FloatBytes = sizeof(float), HalfBytes = 2;

    private TrainingMemory()
    {
    }

    /// <summary>Number of trained values.</summary>
    public long TrainedValues { get; private init; }

    /// <summary>Their gradients.</summary>
    public long Gradients { get; private init; }

    /// <summary>The moments of the optimizer.</summary>
    public long OptimizerState { get; private init; }

    /// <summary>The running average of the weights, and that of target networks.</summary>
    public long Averages { get; private init; }

    /// <summary>In float16 and bfloat16: the copy of weights and gradients that networks compute with. Otherwise 0.</summary>
    public long Copies { get; private init; }

    /// <summary>The sum.</summary>
    public long Total => Gradients + OptimizerState + Averages + Copies;

    /// <summary>Calculates the memory of a run. Nothing is allocated.</summary>
    /// <param name="objective">The objective.</param>
    /// <param name="options">The options.</param>
    /// <exception cref="ValidationException">An option is out of its range; the message names it.</exception>
    public static TrainingMemory Calculate(ITrainingObjective objective, TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(objective);
        ValidOptions.Check(options);
        ValidOptions.Check(options.Optimizer);
        long[][][] shapes = [.. objective.Modules.Values.Select(Shapes)];
        long[] lengths = [.. shapes.Select(network => network.Sum(FlatParameters.LengthOf))];
        long length = lengths.Sum();
        return new TrainingMemory
        {
            TrainedValues = shapes.Sum(network => network.Sum(Count)),
            Gradients = length * FloatBytes,
            OptimizerState = options.Optimizer.Algorithm switch
            {
                OptimizerAlgorithm.AdamW8Bit => lengths.Sum(AdamW8Bit.StateBytes),
                OptimizerAlgorithm.Adafactor => shapes.Sum(network => network.Sum(Adafactor.StateBytes)),
                _ => 2 * length * FloatBytes,
            },
            Averages = length * FloatBytes * ((options.EmaDecay > 0 ? 1 : 0) + (objective.Targets.Count > 0 ? 1 : 0)),
            Copies = options.Precision.CopyType() is null ? 0 : length * HalfBytes * (objective.Targets.Count > 0 ? 3 : 2),
        };
    }

    private static long[][] Shapes(nn.Module network)
    {
        using NetworkUse weights = NetworkUse.ToRead(network);
        return [.. network.parameters().Where(p => p.requires_grad).Select(p => p.shape)];
    }

    private static long Count(long[] shape) => shape.Aggregate(1L, (product, n) => product * n);
}
