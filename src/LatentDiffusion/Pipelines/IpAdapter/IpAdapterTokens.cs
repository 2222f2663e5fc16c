using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>The tokens that an adapter makes of the images of a prompt.</summary>
/// <param name="Images">Number of images.</param>
/// <param name="Text">Those for the prompt, [1, images · tokens, width of the text].</param>
/// <param name="Negative">Those for the negative prompt, of the same shape; null if nothing needs it.</param>
internal sealed record IpAdapterTokens(int Images, Tensor Text, Tensor? Negative);
