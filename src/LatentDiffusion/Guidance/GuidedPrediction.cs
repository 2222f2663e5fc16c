using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>What one guided evaluation gives.</summary>
/// <param name="Guided">The prediction that the sampler is to see.</param>
/// <param name="Conditional">The network's own for the prompt: the same tensor where nothing was guided, null where it is not known.</param>
internal readonly record struct GuidedPrediction(Tensor Guided, Tensor? Conditional);
