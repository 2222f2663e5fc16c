using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Where a pipeline wants its model, unless the model is given with another device.</summary>
/// <param name="Device">Where it computes; null for CUDA if available, otherwise the CPU.</param>
/// <param name="Precision">Type of its weights; null for float32 on the CPU and the files' own elsewhere.</param>
/// <param name="Reading">How its files are read: the device that they are read to, null for where it computes; logger and families.</param>
internal sealed record ModelPlacement(Device? Device, ScalarType? Precision, CheckpointOptions Reading);
