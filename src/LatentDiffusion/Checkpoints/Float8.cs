namespace LatentDiffusion.Checkpoints;

/// <summary>
/// The values of the 8-bit floating-point formats by their bytes (Micikevicius et al. 2022, "FP8 Formats for Deep Learning", table 1).
/// </summary>
internal static class Float8
{
    private const int SignBit = 0x80;

    /// <summary>One sign bit, four exponent bits (bias 7), three mantissa bits; no infinities; NaN where all other bits are set.</summary>
    public static float[] E4M3 { get; } = [.. Enumerable.Range(0, 256).Select(ValueE4M3)];

    /// <summary>One sign bit, five of exponent (bias 15), two of mantissa: the upper byte of a float16.</summary>
    public static float[] E5M2 { get; } =
        [.. Enumerable.Range(0, 256).Select(code => (float)BitConverter.UInt16BitsToHalf((ushort)(code << 8)))];

    private static float ValueE4M3(int code)
    {
        const int MantissaBits = 3, Bias = 7;
        int exponent = (code & ~SignBit) >> MantissaBits, mantissa = code & ((1 << MantissaBits) - 1);
        float size = (exponent, mantissa) switch
        {
            (15, 7) => float.NaN,
            (0, _) => MathF.ScaleB(mantissa, 1 - Bias - MantissaBits),
            _ => MathF.ScaleB((1 << MantissaBits) + mantissa, exponent - Bias - MantissaBits),
        };
        return (code & SignBit) == 0 ? size : -size;
    }
}
