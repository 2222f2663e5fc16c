using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// A component whose weights a pipeline may move, so that they are on the device that computes only while their stage of a
/// generation runs.
/// </summary>
public interface IOffloadable
{
    /// <summary>
    /// Moves the weights. Nothing computes with them at that time, and no two moves of one component happen at once. A move to
    /// the device where they are does nothing.
    /// </summary>
    /// <param name="device">Target device.</param>
    /// <returns>Whether the weights can be moved. Default false: they stay where they are.</returns>
    bool TryMoveTo(Device device) => false;
}
