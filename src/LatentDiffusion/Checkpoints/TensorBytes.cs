using static TorchSharp.torch;

namespace LatentDiffusion;

/// <summary>Moves the raw bytes of tensors in pieces, so that no second copy of a whole tensor exists.</summary>
internal static class TensorBytes
{
    /// <summary>Elements converted or copied at a time: 4 MB of float32, which stays in the processor's cache.</summary>
    private const long ElementsAtATime = 1 << 20;

    /// <summary>Takes bytes from a position within one tensor's values.</summary>
    public delegate void Reader(long position, Span<byte> destination);

    /// <summary>Takes the next bytes of a tensor's values.</summary>
    public delegate void Writer(ReadOnlySpan<byte> bytes);

    /// <summary>Fills a tensor with stored values of a data type, straight into its memory where the type agrees.</summary>
    public static void Fill(Tensor destination, ScalarType stored, Reader read)
    {
        if (destination.NumberOfElements == 0) return;
        using var noGradient = no_grad();
        using Tensor plain = destination.detach();
        if (!plain.is_contiguous())
        {
            using Tensor whole = empty(plain.shape, stored, CPU);
            Fill(whole, stored, read);
            plain.copy_(whole).DisposeUnless(plain);
            return;
        }

        using Tensor flat = plain.view(-1);
        bool direct = flat.dtype == stored && flat.device_type == TorchSharp.DeviceType.CPU;
        using Tensor? staging = direct ? null : empty(Math.Min(flat.NumberOfElements, ElementsAtATime), stored, CPU);
        foreach ((long start, long count) in Pieces(flat.NumberOfElements))
        {
            using Tensor target = flat.narrow(0, start, count);
            using Tensor? part = staging?.narrow(0, 0, count);
            Tensor source = part ?? target;
            Span<byte> bytes = source.bytes;
            read(start * source.ElementSize, bytes);
            if (stored == ScalarType.Bool) Normalize(bytes);
            if (part is not null) target.copy_(part).DisposeUnless(target);
        }
    }

    /// <summary>Passes a tensor's values on in row-major order, converted to a data type.</summary>
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

    /// <summary>A file may hold any byte as a Boolean; libtorch's operators expect 0 and 1.</summary>
    private static void Normalize(Span<byte> booleans)
    {
        foreach (ref byte b in booleans) b = b == 0 ? (byte)0 : (byte)1;
    }

    private static IEnumerable<(long Start, long Count)> Pieces(long length)
    {
        for (long start = 0; start < length; start += ElementsAtATime)
            yield return (start, Math.Min(ElementsAtATime, length - start));
    }

    /// <summary>In-place operators return the same object, whose disposal here would take the target with it.</summary>
    private static void DisposeUnless(this Tensor result, Tensor target)
    {
        if (!ReferenceEquals(result, target)) result.Dispose();
    }
}
