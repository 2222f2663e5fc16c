using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// Decodes the latents of a large image whole and in tiles, each in a separate process, and compares images and peak memory.
/// Encoding is compared likewise, in units of the latents' standard deviation.
/// </summary>
/// <param name="autoencoder">Folder of the autoencoder; null for the shipped one.</param>
/// <param name="side">Width and height of the image in pixels.</param>
/// <param name="options">Size and overlap of tiles.</param>
/// <param name="passes">Numbers of passes over the tiles for the image's statistics, one measurement each.</param>
/// <param name="encode">Whether to encode instead of decoding.</param>
/// <param name="log">Receives the results.</param>
internal sealed class DecodingBenchmark(
    string? autoencoder, int side, TilingOptions options, IReadOnlyList<int> passes, bool encode, TextWriter log)
{
    /// <summary>
    /// Maximum mean difference of tiles in levels of 255, and maximum memory as a fraction of that for the whole image.
    /// </summary>
    private const double MostDifference = 2, MostMemory = 1.0 / 3;

    /// <returns>0 if the default meets both limits; 1 if not, or if it was not measured.</returns>
    public int Run()
    {
        string folder = Path.Combine(Path.GetTempPath(), $"decoding-benchmark-{Guid.NewGuid():N}");
        Directory.CreateDirectory(folder);
        try
        {
            return Measure(folder);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private int Measure(string folder)
    {
        using DisposeScope scope = NewDisposeScope();
        string image = Path.Combine(folder, "image"), latents = Path.Combine(folder, "latents");
        string whole = Path.Combine(folder, "whole"), tiled = Path.Combine(folder, "tiled");
        Tensor pixels = ImageTensor.FromImage(DrawingMosaic.Draw(side));
        TensorFile.Write(image, pixels);
        DecodingMeasurement encoded = DecodingMeasurement.Elsewhere(autoencoder, true, null, image, pixels.shape, latents);
        (string input, long[] shape) = encode ? (image, pixels.shape) : (latents, encoded.Shape);
        DecodingMeasurement one = DecodingMeasurement.Elsewhere(autoencoder, encode, null, input, shape, whole);
        Tensor expected = TensorFile.Read(whole, one.Shape);
        double unit = encode ? expected.std().item<float>() : 2.0 / 255;
        string units = encode ? "encoding; differences in standard deviations of the latents" : "decoding; differences in levels of 255";
        log.WriteLine($"{side} x {side}, {units}");
        if (!encode)
        {
            double original = Difference(expected, pixels, unit).Mean;
            log.WriteLine($"The decoded image differs from the original by {original:0.00} on average.");
        }

        log.WriteLine($"whole                     {Size(one)}");

        bool kept = false;
        foreach (int count in passes)
        {
            TilingOptions tiling = options with { StatisticsPasses = count };
            DecodingMeasurement measured = DecodingMeasurement.Elsewhere(autoencoder, encode, tiling, input, shape, tiled);
            using Tensor found = TensorFile.Read(tiled, measured.Shape);
            (double mean, double most) = Difference(expected, found, unit);
            double memory = (double)measured.Bytes / one.Bytes;
            log.WriteLine(
                $"tiles, {count,2} passes          {Size(measured)}   {memory:0.000} of it, time x {measured.Seconds / one.Seconds:0.00}   "
                + $"difference {mean:0.0000} on average, {most:0.00} at most");
            if (count != new TilingOptions().StatisticsPasses) continue;
            kept = memory <= MostMemory && (encode || mean < MostDifference);
            string limit = encode ? "" : $", less than {MostDifference} on average";
            log.WriteLine(
                $"                          the default: {(kept ? "kept" : "MISSED")} (at most {MostMemory:0.000} of the memory{limit})");
        }

        if (!passes.Contains(new TilingOptions().StatisticsPasses))
            log.WriteLine($"The default, {new TilingOptions().StatisticsPasses} passes, was not measured, so nothing is judged.");
        return kept ? 0 : 1;
    }

    private (double Mean, double Most) Difference(Tensor one, Tensor other, double unit)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor difference = ((encode ? one : one.clamp(-1, 1)) - (encode ? other : other.clamp(-1, 1))).abs() / unit;
        return (difference.mean().item<float>(), difference.max().item<float>());
    }

    private static string Size(DecodingMeasurement measured) =>
        $"{measured.Bytes / 1e6,7:0} MB (process {measured.ProcessBytes / 1e6:0} MB), {measured.Seconds,5:0.0} s";
}
