namespace LatentDiffusion.Checkpoints;

/// <summary>A tensor of a GGUF file.</summary>
/// <param name="Tensor">Its description, with the original shape.</param>
/// <param name="Type">How its values are stored.</param>
/// <param name="Start">Position of its first byte in the file.</param>
internal sealed record GgufEntry(TensorEntry Tensor, GgufType Type, long Start);
