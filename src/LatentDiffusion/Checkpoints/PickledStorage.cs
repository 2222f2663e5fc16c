namespace LatentDiffusion.Checkpoints;

/// <summary>A run of values in a PyTorch checkpoint that tensors are views of.</summary>
/// <param name="Key">Name that the file knows it by.</param>
/// <param name="Type">How its values are stored.</param>
/// <param name="Count">Number of values, as the description says.</param>
/// <param name="Part">Which values of it are meant, where that is not all (files of before PyTorch 0.4).</param>
internal sealed record PickledStorage(string Key, StoredType Type, long Count, (long First, long Count)? Part = null)
{
    /// <summary>Bytes of one value.</summary>
    public int ElementSize => Type.Size;
}
