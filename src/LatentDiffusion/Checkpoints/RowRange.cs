using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>Consecutive rows of a stored tensor: indices of its first dimension.</summary>
/// <param name="Start">The first row.</param>
/// <param name="Count">Number of rows.</param>
internal readonly record struct RowRange(long Start, long Count)
{
    /// <summary>
    /// One of several equal parts of a tensor's rows. Where the rows cannot be divided so, the last part is out of range.
    /// </summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="index">Which part, from 0.</param>
    /// <param name="parts">Number of parts.</param>
    public static RowRange Part(TensorEntry tensor, int index, int parts)
    {
        long rows = tensor.Shape.Count == 0 ? 1 : tensor.Shape[0], part = (rows + parts - 1) / parts;
        return new RowRange(index * part, part);
    }

    /// <summary>Passes each range with the rows of a tensor that it fills to a callback, one range after the other.</summary>
    /// <param name="ranges">The ranges.</param>
    /// <param name="destination">As many rows as all ranges.</param>
    /// <param name="fill">Fills the rows of one range; no gradient is recorded.</param>
    public static void Split(IEnumerable<RowRange> ranges, Tensor destination, Action<RowRange, Tensor> fill)
    {
        using IDisposable noGradient = no_grad();
        using Tensor plain = destination.detach();
        long start = 0;
        foreach (RowRange range in ranges)
        {
            using Tensor target = plain.narrow(0, start, range.Count);
            fill(range, target);
            start += range.Count;
        }
    }

    /// <summary>Copies rows of a tensor into another, one range after the other.</summary>
    public static void Copy(Tensor whole, IEnumerable<RowRange> ranges, Tensor destination) => Split(ranges, destination, (range, target) =>
    {
        using Tensor part = whole.narrow(0, range.Start, range.Count);
        target.copy_(part);
    });
}
