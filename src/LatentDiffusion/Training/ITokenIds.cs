using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Token ids of captions for each text tower.</summary>
internal interface ITokenIds
{
    /// <summary>Identifies the captions; null where the cache of latents does.</summary>
    string? ContentKey { get; }

    /// <summary>The ids of a batch, int64, [batch, tokens], on the CPU, in the current dispose scope.</summary>
    /// <param name="tower">Which tower.</param>
    /// <param name="index">Rows whose captions are read, int64 [batch], on the CPU.</param>
    /// <param name="epochs">The epoch of each row.</param>
    Tensor Read(int tower, Tensor index, IReadOnlyList<long> epochs);
}
