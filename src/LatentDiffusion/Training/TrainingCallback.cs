using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Work of a training run at regular steps with the averaged weights in its networks: validation, sample images.
/// The run's weights, gradients and random draws are untouched by it, as long as it leaves libtorch's global generator alone.
/// </summary>
/// <param name="every">Steps between two checks, at least 1; the last step is followed by one in any case.</param>
/// <param name="action">
/// Given the number of steps done. Runs on the training's thread, without gradients, with the networks in evaluation mode;
/// its tensors are disposed.
/// </param>
public sealed class TrainingCallback(long every, Action<long> action)
{
    private readonly Action<long> _action = action ?? throw new ArgumentNullException(nameof(action));

    /// <summary>Steps between two checks.</summary>
    public long Every { get; } = every >= 1
        ? every : throw new ArgumentOutOfRangeException(nameof(every), every, "A check is made every 1 step or more.");

    internal void Run(long step, ITrainingObjective objective, FlatParameters parameters, ExponentialMovingAverage? average)
    {
        using IDisposable noGrad = no_grad();
        Exchange(objective, parameters, average, training: false);
        try
        {
            using DisposeScope scope = NewDisposeScope();
            _action(step);
        }
        finally
        {
            Exchange(objective, parameters, average, training: true);
        }
    }

    // Copies there and back, so that the weights come back bit for bit.
    private static void Exchange(ITrainingObjective objective, FlatParameters parameters, ExponentialMovingAverage? average, bool training)
    {
        if (average is not null)
        {
            average.Swap();
            parameters.Publish();
        }

        foreach (nn.Module module in objective.Modules.Values) module.train(training);
    }
}
