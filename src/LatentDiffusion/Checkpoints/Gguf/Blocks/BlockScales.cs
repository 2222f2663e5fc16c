using System.Numerics.Tensors;

namespace LatentDiffusion.Checkpoints;

/// <summary>Scales that cover the range of some values, and rounding to codes with them.</summary>
internal static class BlockScales
{
    /// <summary>
    /// The scale of the smallest size whose multiples from lowest to highest reach all values. It is negative where the values
    /// reach farther on the side on which there is one code more.
    /// </summary>
    public static float Signed(ReadOnlySpan<float> values, int lowest, int highest)
    {
        float least = MathF.Min(0, TensorPrimitives.Min(values)), most = MathF.Max(0, TensorPrimitives.Max(values));
        float upright = MathF.Max(most / highest, least / lowest), turned = MathF.Max(most / -lowest, least / -highest);
        return upright <= turned ? upright : -turned;
    }

    /// <summary>The nearest code of each value, counted from the lowest: round((value − offset) / scale).</summary>
    public static void Round(ReadOnlySpan<float> values, float scale, float offset, int lowest, int highest, Span<byte> codes)
    {
        float inverse = scale == 0 ? 0 : 1 / scale;
        // The inverse of the smallest scales is infinite; such values are all but zero.
        if (!float.IsFinite(inverse)) inverse = 0;
        for (int i = 0; i < values.Length; i++)
            codes[i] = (byte)(Math.Clamp((int)MathF.Round((values[i] - offset) * inverse), lowest, highest) - lowest);
    }

    /// <summary>Stores a float16 scale and minimum that cover the values, and rounds to codes from 0 to the highest.</summary>
    public static void RoundFromMinimum(ReadOnlySpan<float> values, int highest, Span<byte> block, Span<byte> codes)
    {
        float minimum = BlockCodes.StoreHalf(TensorPrimitives.Min(values), block[2..]);
        float scale = BlockCodes.StoreHalf(MathF.Max(0, TensorPrimitives.Max(values) - minimum) / highest, block);
        Round(values, scale, minimum, 0, highest, codes);
    }
}
