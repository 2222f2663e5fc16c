namespace LatentDiffusion.Checkpoints;

/// <summary>A view of a storage, as <c>torch._utils._rebuild_tensor_v2</c> makes it.</summary>
/// <param name="Storage">The storage.</param>
/// <param name="Offset">Index of the first value, in elements.</param>
/// <param name="Shape">Size of each dimension.</param>
/// <param name="Strides">Distance between neighbouring indices of each dimension, in elements.</param>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Shape, long[] Strides);
