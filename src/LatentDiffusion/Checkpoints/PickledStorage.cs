using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>A run of values in a PyTorch checkpoint that tensors are views of.</summary>
/// <param name="Key">Name that the file knows it by.</param>
/// <param name="DataType">Data type of its values.</param>
/// <param name="Count">Number of values, as the description says.</param>
/// <param name="Part">Which values of it are meant, where that is not all (files of before PyTorch 0.4).</param>
internal sealed record PickledStorage(string Key, ScalarType DataType, long Count, (long First, long Count)? Part = null)
{
    /// <summary>Bytes of one value.</summary>
    public int ElementSize => DataType == ScalarType.ComplexFloat64 ? 16 : SafetensorsDataType.Describe(DataType).Size;
}
