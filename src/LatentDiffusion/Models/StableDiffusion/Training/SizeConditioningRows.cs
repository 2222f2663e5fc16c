using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>The numbers about its pictures' sizes that a U-Net of the SDXL family is told (<see cref="SizeConditioning"/>).</summary>
public sealed partial class SizeConditioningRows
{
    // Original height and width, top and left of the crop: what the base model and the refiner are both told.
    private const int Shared = 4;

    private readonly UNet2DConditionConfig _config;
    private readonly LatentCache _data;
    private readonly double? _score;

    private SizeConditioningRows(UNet2DConditionConfig config, LatentCache data, double? score) => (_config, _data, _score) = (config, data, score);

    /// <summary>Null for a U-Net that is not told.</summary>
    /// <param name="config">The U-Net's configuration.</param>
    /// <param name="data">Where the sizes are kept.</param>
    /// <param name="score">The aesthetic score; null for the published one.</param>
    /// <exception cref="ArgumentException">The U-Net is told, and no sizes are kept; or it is not, and there is a score.</exception>
    public static SizeConditioningRows? Of(UNet2DConditionConfig config, LatentCache data, double? score)
    {
        if (config.AdditionEmbedType != "text_time")
        {
            return score is null ? null : throw new ArgumentException($"AestheticScore is {score}, and the U-Net is told none.", nameof(score));
        }

        return data.HasSizes ? new SizeConditioningRows(config, data, score) : throw new ArgumentException(
            $"The U-Net is told of the pictures' sizes (addition_embed_type text_time), and the cache keeps none: make it with {nameof(LatentCacheOptions)}.{nameof(LatentCacheOptions.Sizes)}, or of the whole model.", nameof(data));
    }

    /// <summary>The numbers of a batch, [batch, 6], or [batch, 5] with an aesthetic score.</summary>
    /// <param name="rows">Rows of the cache.</param>
    /// <param name="pooled">The pooled text, whose width says how many numbers the U-Net takes.</param>
    /// <exception cref="ArgumentException">There is no pooled text, or the widths do not fit.</exception>
    public Tensor Read(long[] rows, Tensor? pooled)
    {
        if (pooled is null) throw new ArgumentException("The U-Net takes a pooled text (addition_embed_type text_time), and the texts give none.", nameof(pooled));
        long taken = _config.ProjectionClassEmbeddingsInputDim!.Value, each = _config.AdditionTimeEmbedDim!.Value, rest = taken - pooled.shape[1];
        Tensor sizes = _data.ReadSizes(rows);
        if (rest == 6 * each)
            return _score is null ? sizes : throw new ArgumentException($"AestheticScore is {_score}, and the U-Net is told the target size in its place.");
        if (rest != 5 * each)
            throw new ArgumentException($"The U-Net takes {taken} added values; a pooled text of {pooled.shape[1]} and 5 or 6 numbers of {each} each do not make so many.", nameof(pooled));
        return cat([sizes.narrow(1, 0, Shared), zeros(rows.Length, 1, ScalarType.Float32).FillInPlace(_score ?? SizeConditioningInput.DefaultScore)], 1);
    }
}
