using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Projects the embedding of an image to tokens as wide as those of a text (Ye et al. 2023, "IP-Adapter", section 3.2).</summary>
/// <param name="name">Name of the class.</param>
internal abstract class ImageProjection(string name) : nn.Module<Tensor, Tensor>(NativeModule.Create(name), 0)
{
    /// <summary>Whether it reads the hidden states of an image, [images, states, width], and not its embedding, [images, width].</summary>
    public abstract bool ReadsHiddenStates { get; }

    /// <summary>Width of what it reads.</summary>
    public abstract long InputWidth { get; }
}
