using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LatentDiffusion.Imaging;

/// <summary>
/// Resamples an image row by row: each source row that has a weight is resampled horizontally once, and only the source rows of
/// one result row are kept. Sums have a fixed order and no fused operations, so that the result is the same on every processor
/// and for every window.
/// </summary>
/// <param name="image">The image.</param>
/// <param name="across">Weights of the result's columns.</param>
/// <param name="down">Weights of the result's rows.</param>
internal sealed class LanczosResampler(ImageBuffer image, LanczosWeights across, LanczosWeights down)
{
    private const int Channels = 3;

    // A pixel of the source row has four values, one of them unused, so that it fills a vector.
    private readonly float[] _pixels = new float[(across.End - across.Begin + 4) * 4];
    private readonly float[] _rows = new float[down.Longest * Stride(across.Count)];
    private readonly float[] _sums = new float[Stride(across.Count)];

    /// <summary>Computes the result.</summary>
    public ImageBuffer Run()
    {
        int stride = Stride(across.Count), length = across.Count * Channels, next = down.Begin;
        var rgb = new byte[down.Count * length];
        for (int y = 0; y < down.Count; y++)
        {
            (int first, float[] weights) = down[y];
            for (next = Math.Max(next, first); next < first + weights.Length; next++)
                ResampleRow(next, _rows.AsSpan(next % down.Longest * stride, stride));
            SumRows(first, weights, stride);
            Round(_sums.AsSpan(0, length), rgb.AsSpan(y * length, length));
        }

        return new ImageBuffer(across.Count, down.Count, rgb);
    }

    // Whole vectors, and one more value for the unused value of the last pixel's vector.
    private static int Stride(int columns) => (columns * Channels + Vector<float>.Count + 1) / Vector<float>.Count * Vector<float>.Count;

    private void ResampleRow(int y, Span<float> target)
    {
        Widen(image.Rgb.Slice((y * image.Width + across.Begin) * Channels, (across.End - across.Begin) * Channels), _pixels);
        ref float pixels = ref MemoryMarshal.GetArrayDataReference(_pixels), result = ref MemoryMarshal.GetReference(target);
        for (int x = 0; x < across.Count; x++)
        {
            (int first, float[] weights) = across[x];
            nuint pixel = (nuint)(first - across.Begin) * 4;
            Vector128<float> sum = Vector128<float>.Zero;
            foreach (float weight in weights)
            {
                sum += Vector128.LoadUnsafe(ref pixels, pixel) * weight;
                pixel += 4;
            }

            // The unused value is overwritten by the next pixel.
            sum.StoreUnsafe(ref result, (nuint)(x * Channels));
        }
    }

    private void SumRows(int first, float[] weights, int stride)
    {
        ref float rows = ref MemoryMarshal.GetArrayDataReference(_rows), sums = ref MemoryMarshal.GetArrayDataReference(_sums);
        for (int x = 0; x < stride; x += Vector<float>.Count)
        {
            Vector<float> sum = Vector<float>.Zero;
            for (int i = 0; i < weights.Length; i++)
                sum += Vector.LoadUnsafe(ref rows, (nuint)((first + i) % down.Longest * stride + x)) * weights[i];
            sum.StoreUnsafe(ref sums, (nuint)x);
        }
    }

    /// <summary>Converts bytes of red, green and blue to values of red, green, blue and an unused one.</summary>
    private static void Widen(ReadOnlySpan<byte> rgb, Span<float> pixels)
    {
        Vector128<byte> spread = Vector128.Create((byte)0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255);
        int source = 0, target = 0;
        for (; source + Vector128<byte>.Count <= rgb.Length; source += 12, target += 16)
        {
            Vector128<byte> four = Vector128.Shuffle(Vector128.Create(rgb.Slice(source, Vector128<byte>.Count)), spread);
            (Vector128<ushort> low, Vector128<ushort> high) = Vector128.Widen(four);
            (Vector128<uint> first, Vector128<uint> second) = Vector128.Widen(low);
            (Vector128<uint> third, Vector128<uint> fourth) = Vector128.Widen(high);
            Vector128.ConvertToSingle(first.AsInt32()).CopyTo(pixels[target..]);
            Vector128.ConvertToSingle(second.AsInt32()).CopyTo(pixels[(target + 4)..]);
            Vector128.ConvertToSingle(third.AsInt32()).CopyTo(pixels[(target + 8)..]);
            Vector128.ConvertToSingle(fourth.AsInt32()).CopyTo(pixels[(target + 12)..]);
        }

        for (; source < rgb.Length; source += Channels, target += 4)
            for (int c = 0; c < Channels; c++) pixels[target + c] = rgb[source + c];
    }

    private static void Round(ReadOnlySpan<float> values, Span<byte> bytes)
    {
        int i = 0;
        for (; i + Vector128<byte>.Count <= values.Length; i += Vector128<byte>.Count)
        {
            Vector128<ushort> low = Vector128.Narrow(Level(values[i..]), Level(values[(i + 4)..]));
            Vector128<ushort> high = Vector128.Narrow(Level(values[(i + 8)..]), Level(values[(i + 12)..]));
            Vector128.Narrow(low, high).CopyTo(bytes[i..]);
        }

        for (; i < values.Length; i++) bytes[i] = (byte)Math.Clamp(MathF.Round(values[i]), byte.MinValue, byte.MaxValue);

        static Vector128<uint> Level(ReadOnlySpan<float> four)
        {
            Vector128<float> rounded = Vector128.Round(Vector128.Create(four));
            Vector128<float> limited = Vector128.Clamp(rounded, Vector128<float>.Zero, Vector128.Create((float)byte.MaxValue));
            return Vector128.ConvertToInt32(limited).AsUInt32();
        }
    }
}
