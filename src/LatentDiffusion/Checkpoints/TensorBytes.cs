using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace LatentDiffusion.Checkpoints;

/// <summary>Copies the raw bytes of tensors in pieces, so that no second copy of a whole tensor exists.</summary>
internal static class TensorBytes
{
    /// <summary>
    /// Elements converted or copied at a time: 2 MB of float32, which stays in the processor's cache. Whole blocks of every size.
    /// </summary>
    private const long ElementsAtATime = 1 << 19;

    /// <summary>Receives the next bytes of a tensor's values.</summary>
    public delegate void Writer(ReadOnlySpan<byte> bytes);

    /// <summary>
    /// Fills a tensor with stored values. A contiguous tensor on the CPU whose type is that of the file or float32 is filled
    /// in place, by all cores.
    /// </summary>
    /// <param name="destination">Receives the values.</param>
    /// <param name="stored">How the file stores the values.</param>
    /// <param name="file">The file.</param>
    /// <param name="start">Position of the first value in the file, in bytes.</param>
    /// <exception cref="CheckpointException">The file was shortened; the tensor contains some of the values.</exception>
    public static void Fill(Tensor destination, StoredType stored, CheckpointFile file, long start)
    {
        if (destination.NumberOfElements == 0) return;
        using var noGradient = no_grad();
        using Tensor plain = destination.detach();
        if (!plain.is_contiguous())
        {
            using Tensor whole = empty(plain.shape, stored.Type, CPU);
            Fill(whole, stored, file, start);
            plain.copy_(whole).DisposeUnless(plain);
            return;
        }

        using Tensor flat = plain.view(-1);
        if (flat.device_type == TorchSharp.DeviceType.CPU && ValueConversion.Between(stored, flat.dtype) is { } conversion)
            FillByAllCores(flat, conversion, file, start);
        else
            FillByCopies(flat, stored, file, start);
    }

    /// <summary>Fills a tensor with rows of a stored one.</summary>
    /// <param name="destination">Receives the values.</param>
    /// <param name="entry">The stored tensor.</param>
    /// <param name="stored">How the file stores the values.</param>
    /// <param name="ranges">The rows, one range after the other.</param>
    /// <param name="file">The file.</param>
    /// <param name="start">Position of the stored tensor in the file, in bytes.</param>
    /// <returns>False where rows are not whole blocks; nothing is read then.</returns>
    /// <inheritdoc cref="Fill" path="/exception"/>
    public static bool TryFillRows(
        Tensor destination, TensorEntry entry, StoredType stored, IReadOnlyList<RowRange> ranges, CheckpointFile file, long start)
    {
        long row = entry.Shape.Skip(1).Aggregate(1L, (product, size) => product * size);
        if (row % (stored.Blocks?.BlockElements ?? 1) != 0) return false;
        RowRange.Split(ranges, destination, (range, target) => Fill(target, stored, file, start + stored.BytesOf(range.Start * row)));
        return true;
    }

    /// <summary>Passes a tensor's values to a callback in row-major order, converted to a data type.</summary>
    public static void Drain(Tensor source, ScalarType stored, Writer write)
    {
        if (source.NumberOfElements == 0) return;
        using var noGradient = no_grad();
        using Tensor plain = source.detach();
        using Tensor ordered = plain.contiguous();
        using Tensor flat = ordered.view(-1);
        foreach ((long start, long count) in Pieces(flat.NumberOfElements))
        {
            using Tensor part = flat.narrow(0, start, count);
            using Tensor ready = part.to(stored, CPU);
            write(ready.bytes);
        }
    }

    /// <summary>Most of the time is spent on the first access to new memory, which several cores do faster than one.</summary>
    private static void FillByAllCores(Tensor flat, ValueConversion conversion, CheckpointFile file, long start)
    {
        long length = flat.NumberOfElements, pieces = (length + ElementsAtATime - 1) / ElementsAtATime;
        if (pieces == 1) FillPiece(0);
        else InParallel(pieces, FillPiece);

        void FillPiece(long piece)
        {
            long first = piece * ElementsAtATime, count = Math.Min(ElementsAtATime, length - first);
            using Tensor target = flat.narrow(0, first, count);
            FillPart(target, conversion, file, start + conversion.Stored.BytesOf(first));
        }
    }

    private static void InParallel(long count, Action<long> body)
    {
        try
        {
            Parallel.For(0, count, body);
        }
        catch (AggregateException e)
        {
            // The exception that a sequential read would have thrown.
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }

    /// <summary>Fills tensors of other devices, or of types to which only libtorch converts.</summary>
    private static void FillByCopies(Tensor flat, StoredType stored, CheckpointFile file, long start)
    {
        using Tensor staging = empty(Math.Min(flat.NumberOfElements, ElementsAtATime), stored.Type, CPU);
        ValueConversion conversion = ValueConversion.Between(stored, stored.Type)!;
        foreach ((long first, long count) in Pieces(flat.NumberOfElements))
        {
            using Tensor target = flat.narrow(0, first, count), part = staging.narrow(0, 0, count);
            FillPart(part, conversion, file, start + conversion.Stored.BytesOf(first));
            target.copy_(part).DisposeUnless(target);
        }
    }

    private static void FillPart(Tensor target, ValueConversion conversion, CheckpointFile file, long position)
    {
        if (conversion.Apply is { } apply)
            file.ShowPiece(position, (int)conversion.Stored.BytesOf(target.NumberOfElements), bytes => apply(bytes, target.bytes));
        else
            file.Read(position, target.bytes);
    }

    private static IEnumerable<(long Start, long Count)> Pieces(long length)
    {
        for (long start = 0; start < length; start += ElementsAtATime)
            yield return (start, Math.Min(ElementsAtATime, length - start));
    }

    /// <summary>Disposes a result unless it is the target: in-place operators return the same object.</summary>
    private static void DisposeUnless(this Tensor result, Tensor target)
    {
        if (!ReferenceEquals(result, target)) result.Dispose();
    }
}
