using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>The source of a denoiser objective's texts: a text encoder, trained or frozen, or precomputed embeddings.</summary>
public interface ITextConditioning
{
    /// <summary>The networks that are trained with the denoiser, by the name of the component; none for frozen texts.</summary>
    IReadOnlyDictionary<string, nn.Module> Modules { get; }

    /// <summary>
    /// Identifies captions and embeddings that the cache of latents does not. A run refuses to resume with others. Null, the default,
    /// where the cache identifies them.
    /// </summary>
    string? ContentKey => null;

    /// <summary>The texts of a batch.</summary>
    /// <param name="index">Rows whose captions are encoded, int64 [batch], on the CPU.</param>
    /// <param name="dropped">Where the empty caption takes the place of the image's, bool [batch], on the CPU.</param>
    /// <returns>Hidden states, [batch, tokens, width], and where the denoiser reads them pooled text, [batch, width], and mask.</returns>
    Conditioning Encode(Tensor index, Tensor dropped);

    /// <summary>The texts of a batch in the epoch of each row. Default the same in every epoch.</summary>
    /// <param name="index">Rows whose captions are encoded, int64 [batch], on the CPU.</param>
    /// <param name="dropped">Where the empty caption takes the place of the image's, bool [batch], on the CPU.</param>
    /// <param name="epochs">The epoch of each row, from 0.</param>
    /// <returns>As without epochs.</returns>
    Conditioning Encode(Tensor index, Tensor dropped, IReadOnlyList<long> epochs) => Encode(index, dropped);
}
