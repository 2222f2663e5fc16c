namespace LatentDiffusion.Checkpoints;

/// <summary>A sequence of values in a PyTorch checkpoint, of which tensors are views.</summary>
/// <param name="Key">Name of the storage in the file.</param>
/// <param name="Type">How its values are stored.</param>
/// <param name="Count">Number of values according to the description.</param>
/// <param name="Part">Which of the values are meant; null for all. Only files from before PyTorch 0.4 have parts.</param>
internal sealed record PickledStorage(string Key, StoredType Type, long Count, (long First, long Count)? Part = null)
{
    /// <summary>Bytes of one value.</summary>
    public int ElementSize => Type.Size;
}
