using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Sums the gradients of processes that train together (<see cref="Trainer.Reducer"/>). A step of the trainer calls <see cref="Add"/>
/// once or several times, with the gradients of one batch each, and then <see cref="Complete"/>.
/// </summary>
/// <remarks>
/// The library's implementation is <see cref="OpenMpiReducer"/>. Another one decides how the sum is computed and how much of the
/// communication runs while the caller computes its next batch.
/// </remarks>
public interface IGradientReducer : IProcessGroup
{
    /// <summary>
    /// Whether the sum is ((s + g₀) + g₁) + … over the ranks, for each <see cref="Add"/> in turn. N processes then train bit for bit as
    /// one process that accumulates the same batches, on equal CPUs with equally many threads. Where false, any order is allowed.
    /// </summary>
    bool IsRankOrdered { get; }

    /// <summary>Adds gradients of every process to the running sum. It may return before they are sent.</summary>
    /// <param name="gradients">This process's gradients, [length], float32; the caller may change them after the call.</param>
    /// <exception cref="ProcessGroupException">A process has failed, has left or does not answer.</exception>
    void Add(Tensor gradients);

    /// <summary>Waits for the running sum, and begins a new one at 0.</summary>
    /// <param name="sum">Receives the sum, [length], float32: the same bits in every process.</param>
    /// <exception cref="ProcessGroupException">A process has failed, has left or does not answer.</exception>
    void Complete(Tensor sum);
}
