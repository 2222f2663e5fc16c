using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>
/// A part whose weights a pipeline may move, so that they are on the device that computes only while their stage of a
/// generation runs. Text encoders, denoisers and autoencoders may implement it; those that do not stay where they are.
/// </summary>
public interface IOffloadable
{
    /// <summary>
    /// Moves the weights. Nothing computes with them at that time, and no two moves of one part happen at once. A move to
    /// where they are does nothing.
    /// </summary>
    /// <param name="device">Where to.</param>
    void MoveTo(Device device);
}
