using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Number formats of tensors.</summary>
internal static class TrainingPrecisionExtensions
{
    /// <summary>Format of the copy of the weights that networks compute with; null where they use the weights themselves.</summary>
    public static ScalarType? CopyType(this TrainingPrecision precision) => precision switch
    {
        TrainingPrecision.BFloat16 => ScalarType.BFloat16,
        TrainingPrecision.Float16 => ScalarType.Float16,
        _ => null,
    };
}
