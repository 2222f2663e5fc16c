using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Where a denoiser's objective has its texts from: a text encoder, trained or frozen, or embeddings computed before.</summary>
public interface ITextConditioning
{
    /// <summary>The networks that are trained with the denoiser, by the name of the component; none for frozen texts.</summary>
    IReadOnlyDictionary<string, nn.Module> Modules { get; }

    /// <summary>The texts of a batch.</summary>
    /// <param name="index">Which rows' captions, int64 [batch], on the CPU.</param>
    /// <param name="dropped">Where no caption stands in place of the picture's, bool [batch], on the CPU.</param>
    /// <returns>Hidden states, [batch, tokens, width], and what else the denoiser is told of the text: pooled, [batch, width], and mask.</returns>
    Conditioning Encode(Tensor index, Tensor dropped);
}
