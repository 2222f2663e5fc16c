using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>An optimizer over the flat parameters of a run.</summary>
internal interface IFlatOptimizer : IDisposable
{
    /// <summary>Everything that it remembers between steps, by the names in checkpoints. Changed in place when a run is resumed.</summary>
    IReadOnlyList<KeyValuePair<string, Tensor>> State { get; }

    /// <summary>Changes the values by their gradients, which it may overwrite.</summary>
    /// <param name="step">Number of this update, from 1.</param>
    /// <param name="learningRate">Learning rate of this update.</param>
    void Step(long step, double learningRate);
}
