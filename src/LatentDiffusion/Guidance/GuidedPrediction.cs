using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>What one guided evaluation gives.</summary>
/// <param name="Guided">The prediction that the sampler is to see.</param>
/// <param name="Conditional">The network's own for the prompt: the same tensor where nothing was guided, null where it is not known.</param>
/// <param name="Variance">What the network tells of its variance (Nichol &amp; Dhariwal 2021): that of the prompt, which guidance is not for; null where it tells none.</param>
internal readonly record struct GuidedPrediction(Tensor Guided, Tensor? Conditional, Tensor? Variance = null);
