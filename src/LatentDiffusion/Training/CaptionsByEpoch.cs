using static TorchSharp.torch;

namespace LatentDiffusion.Training;

/// <summary>
/// Texts of images with several captions, of which each epoch takes one: in as many epochs as an image has captions it is
/// seen with each of them, in an order that follows from seed, image and round. Thus a resumed run sees the same, and latents
/// are kept once for each image.
/// </summary>
public sealed class CaptionsByEpoch : ITextConditioning
{
    private readonly ITextConditioning _captions;
    private readonly long[] _first;
    private readonly ulong _seed;
    private readonly int _variants;

    /// <summary>Prepares the texts.</summary>
    /// <param name="captions">The texts of all captions, those of the first image first, then those of the second; the caller's.</param>
    /// <param name="captionsPerImage">Number of captions of each image, at least 1 each.</param>
    /// <param name="seed">Seed of the orders. Default 0.</param>
    /// <param name="variants">Rows of the latents' cache that each image has (<see cref="LatentCache.Variants"/>), at least 1; each takes
    /// captions of its own. Default 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">An image has no caption, or <paramref name="variants"/> is below 1.</exception>
    public CaptionsByEpoch(ITextConditioning captions, IReadOnlyList<int> captionsPerImage, ulong seed = 0, int variants = 1)
    {
        ArgumentNullException.ThrowIfNull(captions);
        ArgumentNullException.ThrowIfNull(captionsPerImage);
        ArgumentOutOfRangeException.ThrowIfLessThan(variants, 1);
        (_captions, _seed, _variants, _first) = (captions, seed, variants, new long[captionsPerImage.Count + 1]);
        foreach ((int i, int count) in captionsPerImage.Index())
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(count, 1, nameof(captionsPerImage));
            _first[i + 1] = _first[i] + count;
        }
    }

    /// <inheritdoc />
    public IReadOnlyDictionary<string, nn.Module> Modules => _captions.Modules;

    /// <inheritdoc />
    public string ContentKey => $"{_captions.ContentKey} {_seed} {StableHash.Compute(string.Join(',', _first))}";

    /// <inheritdoc />
    /// <remarks>The captions of the first epoch.</remarks>
    public Conditioning Encode(Tensor index, Tensor dropped)
    {
        ArgumentNullException.ThrowIfNull(index);
        return Encode(index, dropped, new long[index.shape[0]]);
    }

    /// <inheritdoc />
    public Conditioning Encode(Tensor index, Tensor dropped, IReadOnlyList<long> epochs)
    {
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(epochs);
        using Tensor captions = tensor(index.data<long>().Zip(epochs, Caption).ToArray());
        // The texts of the captions may differ between epochs too.
        return _captions.Encode(captions, dropped, epochs);
    }

    /// <summary>Number of the caption that a row takes in an epoch.</summary>
    private long Caption(long row, long epoch)
    {
        (long image, long variant) = Math.DivRem(row, _variants);
        long count = _first[image + 1] - _first[image];
        (long round, long place) = Math.DivRem(epoch * _variants + variant, count);
        ulong seed = SeedSequence.ForStep(SeedSequence.ForStep(_seed, round), image);
        return Enumerable.Range(0, (int)count)
            .OrderBy(caption => SeedSequence.ForStep(seed, caption)).ElementAt((int)place) + _first[image];
    }
}
