namespace LatentDiffusion.Training;

/// <summary>Number format of the networks' computations in training; weights, their average and the optimizer are float32 always.</summary>
public enum TrainingPrecision
{
    /// <summary>Everything in float32.</summary>
    Float32,

    /// <summary>
    /// Forward and backward passes in bfloat16. Faster on GPUs, and on processors with bfloat16 instructions (AVX512-BF16,
    /// AMX); many times slower on those without.
    /// </summary>
    BFloat16,
}
