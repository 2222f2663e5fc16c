namespace LatentDiffusion.Checkpoints;

/// <summary>How the weights of a model's linear layers and token tables are held in memory.</summary>
public enum WeightStorage
{
    /// <summary>
    /// As tensors of the type that the network computes in. Takes the most memory, trains, and works on every device.
    /// </summary>
    Expanded,

    /// <summary>
    /// As the file stores them: blocks of a GGUF file, float8, bfloat16 or float16. Each evaluation expands some rows at a time to float32
    /// and multiplies with them, so that a model takes the memory of its file. On the CPU only, and not for training. The values are those
    /// of <see cref="Expanded"/> in float32 within rounding.
    /// </summary>
    AsStored,
}
