using static TorchSharp.torch;

namespace LatentDiffusion.Imaging;

/// <summary>Masks given as images: white is generated again, black stays.</summary>
internal static class RepaintMask
{
    // Luma of ITU-R BT.601 in 65536ths, as PIL converts images to greyscale, so that masks have the same edges.
    private const int Red = 19595, Green = 38470, Blue = 7471, Bits = 16, Middle = 128;

    /// <summary>The mask as a tensor, without values between 0 and 1.</summary>
    /// <returns>1 or 0, float32, [1, 1, height, width].</returns>
    public static Tensor ToTensor(ImageBuffer mask)
    {
        float[] repainted = Array.ConvertAll(Repainted(mask), r => r ? 1f : 0f);
        return tensor(repainted, [1, 1, mask.Height, mask.Width]);
    }

    /// <summary>Whether each pixel is generated again, row by row.</summary>
    public static bool[] Repainted(ImageBuffer mask)
    {
        ReadOnlySpan<byte> rgb = mask.Rgb;
        var repainted = new bool[rgb.Length / 3];
        for (int i = 0; i < repainted.Length; i++)
        {
            int luma = (rgb[3 * i] * Red + rgb[3 * i + 1] * Green + rgb[3 * i + 2] * Blue + (1 << (Bits - 1))) >> Bits;
            repainted[i] = luma >= Middle;
        }

        return repainted;
    }
}
