using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Texts that depend on the epoch.</summary>
internal interface IEpochTextConditioning : ITextConditioning
{
    /// <summary>The texts of a batch.</summary>
    /// <param name="index">Which rows' captions, int64 [batch], on the CPU.</param>
    /// <param name="dropped">Where no caption stands in place of the image's, bool [batch], on the CPU.</param>
    /// <param name="epochs">The epoch of each row.</param>
    Conditioning Encode(Tensor index, Tensor dropped, IReadOnlyList<long> epochs);
}
