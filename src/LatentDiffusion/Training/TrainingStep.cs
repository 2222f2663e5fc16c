using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>The inputs of an objective's loss for one batch.</summary>
/// <param name="Index">Number of the batch, from 0: the step's number, or where gradients accumulate over n batches n times that and
/// more.</param>
/// <param name="Generator">Source of everything random in it, seeded by the run's seed and the batch's number only.</param>
public sealed record TrainingStep(long Index, Generator Generator)
{
    private readonly Dictionary<string, double> _metrics = [];

    /// <summary>Number of the optimizer's step, from 0.</summary>
    public long Step { get; init; } = Index;

    /// <summary>Replaces items that the run leaves out; null if it uses all items.</summary>
    internal ItemSelection? Selection { get; init; }

    /// <summary>The figures reported so far, by name.</summary>
    public IReadOnlyDictionary<string, double> Metrics => _metrics;

    /// <summary>
    /// Reports a figure in addition to the loss, for example one of its parts; it comes out in <see cref="TrainingProgress.Metrics"/>.
    /// </summary>
    /// <param name="name">Its name, in snake_case.</param>
    /// <param name="value">Its value.</param>
    public void Report(string name, double value) => _metrics[name] = value;

    /// <inheritdoc cref="Report(string, double)"/>
    internal void Report(string name, Tensor value)
    {
        using Tensor number = value.detach().to(ScalarType.Float64);
        Report(name, number.item<double>());
    }
}
