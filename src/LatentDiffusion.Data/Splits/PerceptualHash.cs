using System.Numerics;

namespace LatentDiffusion.Data;

/// <summary>
/// A 64-bit hash that is nearly equal for images that look alike: the signs of the lowest frequencies of the image, reduced to
/// 32 x 32 grey pixels, relative to their median (Zauner 2010, "Implementation and benchmarking of perceptual image hash
/// functions", section 3.2.1).
/// </summary>
/// <param name="Plain">The bits of the image.</param>
/// <param name="Mirrored">The bits of its mirror image.</param>
internal readonly record struct PerceptualHash(ulong Plain, ulong Mirrored)
{
    private const int Side = 32, Frequencies = 8;

    private static readonly double[,] s_cosines = Cosines();

    public static PerceptualHash FromImage(ImageBuffer image)
    {
        double[,] spectrum = Spectrum(Grey(image));
        ulong plain = Bits(spectrum);
        // Mirroring changes the signs of the odd horizontal frequencies.
        for (int v = 0; v < Frequencies; v++)
            for (int u = 1; u < Frequencies; u += 2) spectrum[v, u] = -spectrum[v, u];
        return new PerceptualHash(plain, Bits(spectrum));
    }

    /// <summary>Number of bits in which this image, or its mirror image, differs from another.</summary>
    public int Distance(PerceptualHash other) =>
        Math.Min(BitOperations.PopCount(Plain ^ other.Plain), BitOperations.PopCount(Mirrored ^ other.Plain));

    private static ulong Bits(double[,] spectrum)
    {
        double[] values = [.. spectrum.Cast<double>().Skip(1).Order()];
        double median = values[values.Length / 2];
        ulong bits = 0;
        for (int i = 1; i < Frequencies * Frequencies; i++)
            if (spectrum[i / Frequencies, i % Frequencies] > median) bits |= 1UL << i;
        return bits;
    }

    /// <summary>
    /// Sums of the levels in each of 32 x 32 cells. Pixels on a border count in part, so that all sizes of an image have nearly
    /// the same proportions of them.
    /// </summary>
    private static double[,] Grey(ImageBuffer image)
    {
        var grey = new double[Side, Side];
        var cells = new double[Side];
        for (int y = 0; y < image.Height; y++)
        {
            SumRow(image.Rgb.Slice(y * image.Width * 3, image.Width * 3), image.Width, cells);
            for (int row = (int)((long)y * Side / image.Height); row < Side && (double)row * image.Height / Side < y + 1; row++)
            {
                double part = Overlap(row, y, image.Height) / image.Height / image.Width;
                for (int column = 0; column < Side; column++) grey[row, column] += part * cells[column];
            }
        }

        return grey;
    }

    private static void SumRow(ReadOnlySpan<byte> rgb, int width, double[] cells)
    {
        for (int column = 0; column < Side; column++)
        {
            int first = (int)((long)column * width / Side), last = (int)(((long)(column + 1) * width - 1) / Side);
            long whole = 0;
            for (int i = (first + 1) * 3; i < last * 3; i++) whole += rgb[i];
            cells[column] = whole + Overlap(column, first, width) * Level(rgb, first);
            if (last > first) cells[column] += Overlap(column, last, width) * Level(rgb, last);
        }
    }

    private static int Level(ReadOnlySpan<byte> rgb, int pixel) => rgb[3 * pixel] + rgb[3 * pixel + 1] + rgb[3 * pixel + 2];

    /// <summary>The fraction of a pixel that lies within a cell.</summary>
    private static double Overlap(int cell, int pixel, int length) =>
        Math.Max(0, Math.Min(pixel + 1, (cell + 1.0) * length / Side) - Math.Max(pixel, (double)cell * length / Side));

    private static double[,] Spectrum(double[,] grey)
    {
        var rows = new double[Side, Frequencies];
        var spectrum = new double[Frequencies, Frequencies];
        for (int y = 0; y < Side; y++)
            for (int f = 0; f < Frequencies; f++)
                for (int x = 0; x < Side; x++) rows[y, f] += grey[y, x] * s_cosines[f, x];
        for (int v = 0; v < Frequencies; v++)
            for (int u = 0; u < Frequencies; u++)
                for (int y = 0; y < Side; y++) spectrum[v, u] += rows[y, u] * s_cosines[v, y];
        return spectrum;
    }

    private static double[,] Cosines()
    {
        var cosines = new double[Frequencies, Side];
        for (int f = 0; f < Frequencies; f++)
            for (int x = 0; x < Side; x++) cosines[f, x] = Math.Cos(Math.PI * f * (x + 0.5) / Side);
        return cosines;
    }
}
