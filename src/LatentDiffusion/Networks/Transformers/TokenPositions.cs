using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>Positions of tokens on the axes of a <see cref="RotaryEmbedding"/>, [tokens, axes], float64.</summary>
internal static class TokenPositions
{
    /// <summary>The tokens of an image, row by row: a fixed first axis, then row and column.</summary>
    /// <param name="height">Number of rows.</param>
    /// <param name="width">Number of columns.</param>
    /// <param name="axes">Number of axes, at least 3; those after the third are 0.</param>
    /// <param name="first">Position on the first axis.</param>
    public static Tensor Grid(long height, long width, int axes, double first = 0)
    {
        double[] values = new double[height * width * axes];
        for (long token = 0; token < height * width; token++)
        {
            (long row, long column) = Math.DivRem(token, width);
            (values[token * axes], values[token * axes + 1], values[token * axes + 2]) = (first, row, column);
        }

        return tensor(values, [height * width, axes]);
    }

    /// <summary>Tokens in a line along one axis, which are at 0 on the others.</summary>
    /// <param name="count">Number of tokens.</param>
    /// <param name="axes">Number of axes.</param>
    /// <param name="axis">The axis.</param>
    /// <param name="start">Position of the first token.</param>
    public static Tensor Line(long count, int axes, int axis, double start = 0)
    {
        double[] values = new double[count * axes];
        for (long token = 0; token < count; token++) values[token * axes + axis] = start + token;
        return tensor(values, [count, axes]);
    }

    /// <summary>Tokens that are all at 0.</summary>
    public static Tensor Zero(long count, int axes) => zeros([count, axes], ScalarType.Float64);
}
