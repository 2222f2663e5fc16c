namespace LatentDiffusion.Training;

/// <summary>Number format of the networks' computations in training; weights and their average are float32 always.</summary>
public enum TrainingPrecision
{
    /// <summary>Everything in float32.</summary>
    Float32,

    /// <summary>
    /// Forward and backward passes in bfloat16. Faster on GPUs, and on processors with bfloat16 instructions (AVX512-BF16,
    /// AMX); many times slower on those without.
    /// </summary>
    BFloat16,

    /// <summary>
    /// Forward and backward passes in float16, with a loss scale that follows the gradients (Micikevicius et al. 2018, section 3.2). For
    /// GPUs; bfloat16 needs no scale and has the range of float32.
    /// </summary>
    Float16,
}
