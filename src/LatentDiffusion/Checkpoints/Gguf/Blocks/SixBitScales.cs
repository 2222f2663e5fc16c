using System.Numerics.Tensors;
using System.Runtime.CompilerServices;

namespace LatentDiffusion.Checkpoints;

/// <summary>
/// The scales and minima of eight runs of 32 values, each six bits, in twelve bytes: the first four runs in the lower bits of bytes 0–3
/// and 4–7; of the others the lower bits in bytes 8–11 and the upper two bits above the first four runs.
/// </summary>
internal static class SixBitScales
{
    private const int Runs = 8, Length = 32, Most = 63, Scales = 4;

    /// <summary>Scale of a run, and the offset that is added: minus its minimum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (float Scale, float Offset) Unpack(ReadOnlySpan<byte> packed, int run, float scale, float minimum)
    {
        (int s, int m) = run < 4
            ? (packed[run] & 63, packed[run + 4] & 63)
            : ((packed[run + 4] & 15) | packed[run - 4] >> 6 << 4, packed[run + 4] >> 4 | packed[run] >> 6 << 4);
        return (scale * s, -(minimum * m));
    }

    /// <summary>Stores scales that cover the values at the beginning of a block, and rounds to codes from 0 to the highest.</summary>
    public static void Round(ReadOnlySpan<float> values, int highest, Span<byte> block, Span<byte> codes)
    {
        Span<float> scales = stackalloc float[Runs], minima = stackalloc float[Runs];
        for (int run = 0; run < Runs; run++)
        {
            ReadOnlySpan<float> part = values.Slice(run * Length, Length);
            // Minima are subtracted and not negative, so that zero lies within the range of every run.
            minima[run] = MathF.Max(0, -TensorPrimitives.Min(part));
            scales[run] = MathF.Max(0, TensorPrimitives.Max(part) + minima[run]) / highest;
        }

        float scale = BlockCodes.StoreHalf(TensorPrimitives.Max<float>(scales) / Most, block);
        float minimum = BlockCodes.StoreHalf(TensorPrimitives.Max<float>(minima) / Most, block[2..]);
        Span<byte> packed = block.Slice(Scales, 12);
        packed.Clear();
        for (int run = 0; run < Runs; run++)
        {
            Store(packed, run, Nearest(scales[run], scale), Nearest(minima[run], minimum));
            (float d, float offset) = Unpack(packed, run, scale, minimum);
            int at = run * Length;
            BlockScales.Round(values.Slice(at, Length), d, offset, 0, highest, codes.Slice(at, Length));
        }
    }

    private static int Nearest(float value, float unit) => unit == 0 ? 0 : Math.Clamp((int)MathF.Round(value / unit), 0, Most);

    private static void Store(Span<byte> packed, int run, int scale, int minimum)
    {
        if (run < 4)
        {
            packed[run] |= (byte)scale;
            packed[run + 4] |= (byte)minimum;
            return;
        }

        packed[run + 4] = (byte)((scale & 15) | (minimum & 15) << 4);
        packed[run - 4] |= (byte)(scale >> 4 << 6);
        packed[run] |= (byte)(minimum >> 4 << 6);
    }
}
