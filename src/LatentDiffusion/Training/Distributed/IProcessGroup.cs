using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Processes that work together, on one machine or several. All of them call the same methods in the same order; a method returns when
/// the others have called it too.
/// </summary>
public interface IProcessGroup
{
    /// <summary>Number of this process, from 0. Process 0 is the one that writes files.</summary>
    int Rank { get; }

    /// <summary>Number of processes, at least 1.</summary>
    int Size { get; }

    /// <summary>Brings a message of every process to every process.</summary>
    /// <param name="message">This process's message; messages may differ in length and may be empty.</param>
    /// <returns>The messages of all processes, in the order of their ranks.</returns>
    /// <exception cref="ProcessGroupException">A process has failed, has left or does not answer.</exception>
    IReadOnlyList<byte[]> Gather(ReadOnlySpan<byte> message);

    /// <summary>Overwrites a tensor with the values that process 0 has.</summary>
    /// <param name="values">A contiguous tensor, of the same shape and type in all processes.</param>
    /// <exception cref="ProcessGroupException">A process has failed, has left or does not answer.</exception>
    void Broadcast(Tensor values);
}
