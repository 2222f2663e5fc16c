using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Benchmarks;

/// <summary>
/// Decodes the latents of a large picture whole and in tiles, each in a process of its own, and compares pictures and peak
/// memory. Encoding is compared likewise, in units of the latents' standard deviation.
/// </summary>
/// <param name="autoencoder">Folder of the autoencoder; null for the shipped one.</param>
/// <param name="side">Width and height of the picture.</param>
/// <param name="options">Size and overlap of tiles.</param>
/// <param name="passes">How many passes over the tiles for the picture's statistics, one measurement each.</param>
/// <param name="encode">Whether to encode in place of decoding.</param>
/// <param name="log">Where to print.</param>
internal sealed class DecodingBenchmark(string? autoencoder, int side, TilingOptions options, IReadOnlyList<int> passes, bool encode, TextWriter log)
{
    /// <summary>The most that tiles may differ on average, in levels of 255, and the most of the whole picture's memory they may take.</summary>
    private const double MostDifference = 2, MostMemory = 1.0 / 3;

    /// <returns>0 where the default keeps both, 1 where not, or where it is not among what was measured.</returns>
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
        string picture = Path.Combine(folder, "picture"), latents = Path.Combine(folder, "latents"), whole = Path.Combine(folder, "whole"), tiled = Path.Combine(folder, "tiled");
        Tensor pixels = ImageTensor.FromImage(DrawingMosaic.Draw(side));
        TensorFile.Write(picture, pixels);
        DecodingMeasurement encoded = DecodingMeasurement.Elsewhere(autoencoder, true, null, picture, pixels.shape, latents);
        (string input, long[] shape) = encode ? (picture, pixels.shape) : (latents, encoded.Shape);
        DecodingMeasurement one = DecodingMeasurement.Elsewhere(autoencoder, encode, null, input, shape, whole);
        Tensor expected = TensorFile.Read(whole, one.Shape);
        double unit = encode ? expected.std().item<float>() : 2.0 / 255;
        log.WriteLine($"{side} x {side}, {(encode ? "encoding; differences in standard deviations of the latents" : "decoding; differences in levels of 255")}");
        if (!encode) log.WriteLine($"The decoded picture differs from the original by {Difference(expected, pixels, unit).Mean:0.00} on average.");
        log.WriteLine($"whole                     {Size(one)}");

        bool kept = false;
        foreach (int count in passes)
        {
            DecodingMeasurement measured = DecodingMeasurement.Elsewhere(autoencoder, encode, options with { StatisticsPasses = count }, input, shape, tiled);
            using Tensor found = TensorFile.Read(tiled, measured.Shape);
            (double mean, double most) = Difference(expected, found, unit);
            double memory = (double)measured.Bytes / one.Bytes;
            log.WriteLine($"tiles, {count,2} passes          {Size(measured)}   {memory:0.000} of it, time x {measured.Seconds / one.Seconds:0.00}   difference {mean:0.0000} on average, {most:0.00} at most");
            if (count != new TilingOptions().StatisticsPasses) continue;
            kept = memory <= MostMemory && (encode || mean < MostDifference);
            log.WriteLine($"                          the default: {(kept ? "kept" : "MISSED")} (at most {MostMemory:0.000} of the memory{(encode ? "" : $", less than {MostDifference} on average")})");
        }

        if (!passes.Contains(new TilingOptions().StatisticsPasses))
            log.WriteLine($"The default, {new TilingOptions().StatisticsPasses} passes, was not measured, and so nothing is judged.");
        return kept ? 0 : 1;
    }

    private (double Mean, double Most) Difference(Tensor one, Tensor other, double unit)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor difference = ((encode ? one : one.clamp(-1, 1)) - (encode ? other : other.clamp(-1, 1))).abs() / unit;
        return (difference.mean().item<float>(), difference.max().item<float>());
    }

    private static string Size(DecodingMeasurement measured) => $"{measured.Bytes / 1e6,7:0} MB (process {measured.ProcessBytes / 1e6:0} MB), {measured.Seconds,5:0.0} s";
}
