using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Denoising;

/// <summary>
/// Mean and variance of each group of channels of each image, put together from pieces (Chan et al. 1983, equation 1.5).
/// </summary>
internal sealed class GroupMoments
{
    private double[] _means = [], _squares = [];
    private double _count;

    /// <summary>Adds a piece.</summary>
    /// <param name="piece">[batch, channels, height, width].</param>
    /// <param name="groups">Number of groups of channels.</param>
    public void Add(Tensor piece, long groups)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor values = piece.to(Wide(piece)).reshape(piece.shape[0], groups, -1);
        (Tensor variance, Tensor mean) = var_mean(values, [2], unbiased: false);
        double[] means = Numbers(mean), variances = Numbers(variance);
        double count = values.shape[2], all = _count + count;
        if (_count == 0) (_means, _squares) = (new double[means.Length], new double[means.Length]);
        for (int i = 0; i < means.Length; i++)
        {
            double difference = means[i] - _means[i];
            _means[i] += difference * count / all;
            _squares[i] += variances[i] * count + difference * difference * _count * count / all;
        }

        _count = all;
    }

    /// <summary>The normalisation with these statistics in place of the input's.</summary>
    public Tensor Normalize(GroupNormLayer norm, Tensor input)
    {
        using DisposeScope scope = NewDisposeScope();
        (ScalarType wide, long batch, long groups) = (Wide(input), input.shape[0], norm.Groups);
        Tensor weight = norm.Weight.to(wide).view(1, groups, -1), bias = norm.Bias.to(wide).view(1, groups, -1);
        Tensor scale = weight * Column([.. _squares.Select(s => 1 / Math.Sqrt(s / _count + norm.Eps))]);
        Tensor shift = bias - scale * Column(_means);
        return Channels(shift).AddProduct(input.to(wide), Channels(scale)).to(input.dtype).MoveToOuterDisposeScope();

        Tensor Column(double[] values) => tensor(values).to(wide, input.device).view(batch, groups, 1);

        Tensor Channels(Tensor values) => values.reshape(batch, -1, 1, 1);
    }

    /// <summary>Half precision is too narrow for sums.</summary>
    private static ScalarType Wide(Tensor input) => input.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32;

    private static double[] Numbers(Tensor values) => [.. values.to(ScalarType.Float64, CPU).contiguous().data<double>()];
}
