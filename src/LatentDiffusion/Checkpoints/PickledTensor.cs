namespace LatentDiffusion.Checkpoints;

/// <summary>A view of a storage, as <c>torch._utils._rebuild_tensor_v2</c> would make it.</summary>
/// <param name="Storage">What it is a view of.</param>
/// <param name="Offset">First value, in elements.</param>
/// <param name="Shape">Size of each dimension.</param>
/// <param name="Strides">Elements from one index of each dimension to the next.</param>
internal sealed record PickledTensor(PickledStorage Storage, long Offset, long[] Shape, long[] Strides);
