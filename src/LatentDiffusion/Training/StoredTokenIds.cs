using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Token ids that were computed before.</summary>
/// <param name="ids">Those of each tower, [rows, tokens], int64; the caller's.</param>
internal sealed class StoredTokenIds(IReadOnlyList<Tensor> ids) : ITokenIds
{
    public string? ContentKey => null;

    public Tensor Read(int tower, Tensor index, IReadOnlyList<long> epochs) => ids[tower].index_select(0, index);
}
