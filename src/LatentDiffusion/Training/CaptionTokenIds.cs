using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>Token ids of texts, which are tokenized when they are read: they may differ between epochs.</summary>
/// <param name="tokenizers">The tokenizer of each tower.</param>
/// <param name="captions">The captions.</param>
/// <param name="shuffling">How their tags change places; null for not at all.</param>
/// <param name="variants">Rows of the latents' cache that each caption has.</param>
internal sealed class CaptionTokenIds(
    IReadOnlyList<ClipTokenizer> tokenizers, IReadOnlyList<string> captions, TagShuffling? shuffling, int variants) : ITokenIds
{
    public string ContentKey { get; } = StableHash.Compute(string.Join(
        '\n', [.. captions, $"{variants} {shuffling}", .. tokenizers.Select(t => t.ContentKey)]));

    public Tensor Read(int tower, Tensor index, IReadOnlyList<long> epochs)
    {
        ClipTokenizer tokenizer = tokenizers[tower];
        long[] rows = [.. index.data<long>()];
        return tensor(rows.Zip(epochs, Caption).SelectMany(c => tokenizer.Encode(c).Ids).ToArray(), [rows.Length, tokenizer.MaxLength]);
    }

    private string Caption(long row, long epoch)
    {
        (long caption, long variant) = Math.DivRem(row, variants);
        if (caption >= captions.Count)
            throw new ArgumentOutOfRangeException(
                nameof(row), row,
                $"There are {captions.Count} captions with {variants} rows each; expected a row below {captions.Count * variants}.");
        string text = captions[(int)caption];
        return shuffling is null ? text : shuffling.Apply(text, caption, epoch * variants + variant);
    }
}
