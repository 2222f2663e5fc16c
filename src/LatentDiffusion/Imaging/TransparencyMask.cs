namespace LatentDiffusion;

/// <summary>Makes a mask of what is transparent in an image.</summary>
internal static class TransparencyMask
{
    /// <summary>White where a pixel is transparent, black where it is opaque, grey between; null where every pixel is opaque.</summary>
    /// <param name="rgba">Four bytes a pixel, without padding.</param>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    public static ImageBuffer? Of(ReadOnlySpan<byte> rgba, int width, int height)
    {
        bool opaque = true;
        var rgb = new byte[rgba.Length / 4 * 3];
        for (int source = 3, target = 0; source < rgba.Length; source += 4, target += 3)
        {
            byte transparency = (byte)(byte.MaxValue - rgba[source]);
            rgb.AsSpan(target, 3).Fill(transparency);
            opaque &= transparency == 0;
        }

        return opaque ? null : new ImageBuffer(width, height, rgb);
    }
}
