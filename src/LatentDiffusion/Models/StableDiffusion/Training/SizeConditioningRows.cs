using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>The numbers about sizes of images that a denoiser of the SDXL family reads (<see cref="SizeConditioning"/>).</summary>
public sealed partial class SizeConditioningRows
{
    // Original height and width, top and left of the crop, which both the base model and the refiner read.
    private const int Shared = 4;

    private readonly int _pooledWidth;
    private readonly LatentCache _data;
    private readonly double? _score;

    private SizeConditioningRows(int pooledWidth, LatentCache data, double? score) =>
        (_pooledWidth, _data, _score) = (pooledWidth, data, score);

    /// <summary>Null for a denoiser that reads none.</summary>
    /// <param name="denoiser">Inputs of the denoiser.</param>
    /// <param name="data">Where the sizes are kept.</param>
    /// <param name="score">The aesthetic score; null for the published one.</param>
    /// <exception cref="ArgumentException">It reads sizes, and none are kept; or there is a score that it does not read.</exception>
    public static SizeConditioningRows? Create(DenoiserDescription denoiser, LatentCache data, double? score)
    {
        SizeConditioning sizes = TimeIds.ReadBy(denoiser);
        if (score is not null && sizes != SizeConditioning.AestheticScore)
            throw new ArgumentException($"AestheticScore is {score}, and the denoiser does not read one.", nameof(score));
        if (sizes == SizeConditioning.None) return null;
        if (!data.HasSizes)
        {
            throw new ArgumentException(
                $"The denoiser reads the images' sizes ({TimeIds.Name}), and the cache keeps none: make it with "
                + $"{nameof(LatentCacheOptions)}.{nameof(LatentCacheOptions.Sizes)}, or of the whole model.",
                nameof(data));
        }

        double? read = sizes == SizeConditioning.AestheticScore ? score ?? SizeConditioningInput.DefaultScore : null;
        return new SizeConditioningRows(denoiser.PooledWidth ?? 0, data, read);
    }

    /// <summary>Adds the numbers of a batch to its texts, [batch, 6], or [batch, 5] with an aesthetic score.</summary>
    /// <param name="text">The texts, with the pooled text that the denoiser reads as well.</param>
    /// <param name="rows">Rows of the cache.</param>
    /// <returns>A conditioning that shares the tensors of <paramref name="text"/>; the numbers are on its device.</returns>
    /// <exception cref="ArgumentException">The pooled text is missing or of another width.</exception>
    public Conditioning AddTo(Conditioning text, long[] rows)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Pooled is not { } pooled)
            throw new ArgumentException("The denoiser reads a pooled text, and the texts give none.", nameof(text));
        if (pooled.shape[1] != _pooledWidth)
            throw new ArgumentException(
                $"The pooled text is of width {pooled.shape[1]}, and the denoiser takes {_pooledWidth}.", nameof(text));
        Tensor sizes = _data.ReadSizes(rows);
        if (_score is { } score)
            sizes = cat([sizes.narrow(1, 0, Shared), zeros(rows.Length, 1, ScalarType.Float32).FillInPlace(score)], 1);
        return text.With(TimeIds.Name, sizes.to(text.HiddenStates.device));
    }
}
