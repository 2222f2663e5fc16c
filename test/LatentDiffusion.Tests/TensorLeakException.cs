namespace LatentDiffusion.Tests;

/// <summary>A test left tensors alive.</summary>
internal sealed class TensorLeakException(string message) : Exception(message);
