using static TorchSharp.torch;

namespace LatentDiffusion.Imaging;

/// <summary>Masks given as images: white is generated again, black stays.</summary>
internal static class RepaintMask
{
    private const int Middle = 128;

    /// <summary>The mask as a tensor, without values between 0 and 1.</summary>
    /// <returns>1 or 0, float32, [1, 1, height, width].</returns>
    public static Tensor ToTensor(ImageBuffer mask)
    {
        float[] repainted = Array.ConvertAll(Repainted(mask), r => r ? 1f : 0f);
        return tensor(repainted, [1, 1, mask.Height, mask.Width]);
    }

    /// <summary>The mask of a request as its <see cref="InpaintingOptions"/> read it: white is repainted.</summary>
    public static ImageBuffer Read(GenerationRequest request)
    {
        ImageBuffer mask = request.Mask!;
        if (request.Inpainting is not { } options || options is { InvertMask: false, MaskGrowth: 0 }) return mask;
        bool[] repainted = Repainted(mask);
        if (options.InvertMask) repainted = Array.ConvertAll(repainted, r => !r);
        repainted = MaskShape.Grow(repainted, mask.Width, mask.Height, options.MaskGrowth);
        var rgb = new byte[3 * repainted.Length];
        for (int i = 0; i < repainted.Length; i++) rgb.AsSpan(3 * i, 3).Fill(repainted[i] ? byte.MaxValue : byte.MinValue);
        return new ImageBuffer(mask.Width, mask.Height, rgb);
    }

    /// <summary>Whether each pixel is generated again, row by row.</summary>
    public static bool[] Repainted(ImageBuffer mask) => Array.ConvertAll(Luma.Of(mask), luma => luma >= Middle);
}
