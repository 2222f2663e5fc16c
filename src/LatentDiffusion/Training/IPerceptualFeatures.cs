using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Feature maps in which distances follow perception better than in pixels, for example those of a trained classifier.
/// No such network is part of the library; its parameters should need no gradients, which are not used.
/// </summary>
public interface IPerceptualFeatures
{
    /// <summary>The feature maps of images, through which gradients reach the pixels.</summary>
    /// <param name="pixels">[batch, 3, height, width] in [−1, 1].</param>
    /// <returns>One map a layer, [batch, channels, height, width] each, in the same order at every call.</returns>
    IReadOnlyList<Tensor> Features(Tensor pixels);

    /// <summary>Learned weights of each layer's channels, [channels] each and at least 0; null where all are 1.</summary>
    IReadOnlyList<Tensor>? ChannelWeights => null;
}
